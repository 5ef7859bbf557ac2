import * as v from "valibot";

const Dashboard = v.object({
  panels: v.array(v.object({
    title: v.string(),
    // A row of panels has none.
    targets: v.optional(v.array(v.object({ legendFormat: v.string(), expr: v.string() })), []),
  })),
});

const { panels } = v.parse(
  Dashboard,
  JSON.parse(
    await Deno.readTextFile(`${import.meta.dirname}/../../ops/grafana/dashboard.json`),
  ),
);

/** A query of a panel. */
export interface PanelQuery {
  readonly legend: string;
  /** PromQL, in which Grafana's variables have values. */
  readonly expression: string;
}

/** The queries of the panel with this title; default: of all panels. */
export function panelQueries(title?: string): readonly PanelQuery[] {
  const shown = panels.filter((panel) => title === undefined || panel.title === title);
  if (shown.length === 0) throw new Error(`the dashboard has no panel "${title}"`);
  return shown.flatMap(({ targets }) => targets).map(({ legendFormat, expr }) => ({
    legend: legendFormat,
    expression: withValues(expr),
  }));
}

/** Replaces Grafana's variables: every route of the gateway's job, and the shortest interval. */
function withValues(expression: string): string {
  return expression.replaceAll("$job", "sms-gateway").replaceAll("$route", ".*")
    .replaceAll("$__rate_interval", "5s");
}
