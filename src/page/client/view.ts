/** A page in the page: made once for an address, then told again and again to look whether something changed. */
export interface View {
  /** What stands in the window's title and at the end of the path at the top. */
  title: string;
  element: HTMLElement;
  /** Asks the server and shows what is new. @throws Problem */
  update(signal: AbortSignal): Promise<void>;
  dispose(): void;
}
