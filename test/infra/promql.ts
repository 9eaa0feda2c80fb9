import { parser } from '@prometheus-io/lezer-promql';

/** A vector selector of an expression. */
export interface Selector {
  /** Name of the series it asks for. */
  name: string;
  matchers: { label: string; operator: string; value: string }[];
  /** The function that takes it as a range, e.g. `rate`; undefined for an instant vector. */
  rangeFunction?: string;
  /** The range, e.g. `5m`. */
  range?: string;
}

/** Grafana's own variables, which PromQL does not know, as values that Prometheus takes. */
export function interpolate(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => values[name] ?? whole);
}

/**
 * The vector selectors of a PromQL expression, by the grammar that Prometheus' own editor uses.
 * @throws Error at the first place that is no PromQL
 */
export function selectorsOf(expr: string): Selector[] {
  const found: Selector[] = [];
  const text = (node: { from: number; to: number }) => expr.slice(node.from, node.to);
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expr}`);
      if (node.name !== 'VectorSelector') return;
      const name = node.node.getChild('Identifier');
      const matchers = (node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
        (matcher) => {
          const [label, operator, value] = [
            matcher.getChild('LabelName'),
            matcher.getChild('MatchOp'),
            matcher.getChild('StringLiteral'),
          ];
          return { label: text(label!), operator: text(operator!), value: text(value!).slice(1, -1) };
        },
      );
      const selector: Selector = { name: name ? text(name) : '', matchers };
      const range = node.node.parent;
      if (range?.name === 'MatrixSelector') {
        selector.range = /\[(.*)\]$/.exec(text(range))?.[1] ?? '';
        let call = range.parent;
        while (call && call.name !== 'FunctionCall') call = call.parent;
        const called = call?.getChild('FunctionIdentifier');
        if (called) selector.rangeFunction = text(called);
      }
      found.push(selector);
    },
  });
  return found;
}
