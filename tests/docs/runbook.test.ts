import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import * as v from "valibot";

const OPS = new URL("../../ops/", import.meta.url);
const RULE_FILES = ["alerts", "objectives"] as const;

const Rules = v.object({
  groups: v.array(v.object({
    rules: v.array(v.object({
      alert: v.optional(v.string()),
      annotations: v.optional(v.object({ runbook_url: v.string() })),
    })),
  })),
});

const Tests = v.object({
  tests: v.array(v.object({
    name: v.string(),
    promql_expr_test: v.optional(
      v.array(v.object({
        expr: v.string(),
        exp_samples: v.array(v.object({ labels: v.string() })),
      })),
      [],
    ),
  })),
});

const read = (path: string) => Deno.readTextFileSync(new URL(path, OPS));

/** The alerts of a rule file, with the address of their section. */
function alertsOf(file: string): { alert: string; url: string }[] {
  const { groups } = v.parse(Rules, parse(read(`prometheus/${file}.yaml`)));
  return groups.flatMap(({ rules }) => rules).flatMap(({ alert, annotations }) =>
    alert === undefined ? [] : [{ alert, url: annotations?.runbook_url ?? "" }]
  );
}

/** Title → text of the sections of the runbook about one alert. */
function sections(): Map<string, string> {
  const parts = read("runbook.md").split(/^### /m).slice(1);
  return new Map(parts.map((part) => {
    const [title = "", ...text] = part.split("\n");
    return [title, text.join("\n").split(/^## /m, 1)[0] ?? ""];
  }));
}

Deno.test("every alert has a section of the runbook, and its runbook_url leads there", () => {
  const alerts = RULE_FILES.flatMap(alertsOf);
  assertEquals([...sections().keys()].toSorted(), alerts.map(({ alert }) => alert).toSorted());
  for (const { alert, url } of alerts) {
    assert(url.endsWith(`/ops/runbook.md#${alert.toLowerCase()}`), `${alert}: ${url}`);
  }
  assertEquals(new Set(alerts.map(({ url }) => url.replace(/#.*/, ""))).size, 1);
});

Deno.test("every section says what its alert means, how to confirm it, what to do and what not to do", () => {
  for (const [alert, text] of sections()) {
    const answers = [...text.matchAll(/^\*\*(.*)\.\*\* (?=\S)/gm)].map(([, question]) => question);
    assertEquals(
      answers,
      ["What it means", "How to confirm", "What to do", "What not to do"],
      alert,
    );
  }
});

/** Whether an expression selects an alert among all. */
function selects(expression: string, alert: string): boolean {
  if (!/^ALERTS(\{|$)/.test(expression)) return false;
  const [, operator, name = ""] = /alertname(=~|!=|=)"([^"]*)"/.exec(expression) ?? [];
  const is = new RegExp(`^(?:${name})$`).test(alert);
  return operator === undefined || (operator === "!=" ? !is : is);
}

interface Check {
  readonly expr: string;
  readonly exp_samples: readonly { readonly labels: string }[];
}

Deno.test("every alert has a test in which it fires, and one in which it does not", () => {
  for (const file of RULE_FILES) {
    const { tests } = v.parse(Tests, parse(read(`prometheus/${file}_test.yaml`)));
    const checks = tests.map(({ promql_expr_test }) => promql_expr_test);
    const fires = (alert: string, { expr, exp_samples }: Check) =>
      exp_samples.some(({ labels }) =>
        labels.includes(`alertname="${alert}"`) && (labels + expr).includes('alertstate="firing"')
      );
    for (const { alert } of alertsOf(file)) {
      const isSilent = ({ expr, exp_samples }: Check) =>
        selects(expr, alert) && !fires(alert, { expr, exp_samples });
      assert(checks.flat().some((check) => fires(alert, check)), `${alert} fires`);
      assert(checks.some((those) => those.some(isSilent)), `${alert} does not fire`);
    }
  }
});

Deno.test("the settings, panels and links that the runbook names exist", async () => {
  const { VARIABLES } = await import("../../settings.ts");
  const text = read("runbook.md");
  const settings = [...text.matchAll(/`([A-Z][A-Z_]+_[A-Z_]+)(?:=[^`]*)?`/g)].map(([, name]) =>
    name!
  );
  assert(settings.length > 10);
  assertEquals(settings.filter((name) => !VARIABLES.includes(name)), []);
  const readme = read("README.md");
  for (const [, anchor = ""] of text.matchAll(/\]\(README\.md#([\w-]+)\)/g)) {
    const titles = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
    );
    assert(titles.includes(anchor), anchor);
  }
  const dashboard = read("grafana/dashboard.json");
  for (const [, panel] of text.matchAll(/[Pp]anels? "([^"]+)"/g)) {
    assert(dashboard.includes(`"title": "${panel}"`), panel);
  }
});
