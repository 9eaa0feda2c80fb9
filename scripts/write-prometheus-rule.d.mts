/** The text of the PrometheusRule, and the file that holds it. */
export const prometheusRule: string;
export const prometheusRuleFile: string;
