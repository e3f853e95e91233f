// docs/monitoring/: every metric and label that the rules and the dashboard name exists, every rule has its runbook.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createBacklogGauges } from '../../src/monitoring/backlog-gauges.ts';
import { createMeters, createLabel } from '../../src/monitoring/meters.ts';
import { deliveryStates } from '../../src/domain/delivery.ts';
import { logEvents, silentLog } from '../../src/log.ts';

const folder = join(import.meta.dirname, '../../docs/monitoring');
const rulesText = readFileSync(join(folder, 'alerts.yaml'), 'utf8');
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
const rules = (
  parse(rulesText) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana.json'), 'utf8')) as {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
};
const expressions = [
  ...rules.map((rule) => [rule.alert, rule.expr] as const),
  ...dashboard.panels.flatMap((panel) => panel.targets.map(({ expr }) => [panel.title, expr] as const)),
];

/** Metrics by every name Prometheus gives them, with their labels. */
function knownMetrics(): ReadonlyMap<string, readonly string[]> {
  const meters = createMeters({ destinations: 10 });
  const never = (): never => {
    throw new Error('no figure is asked for here');
  };
  createBacklogGauges({ all: never, now: never }, meters.registry, meters.destination);
  const known = new Map<string, readonly string[]>([['relais_ready', []]]);
  for (const metric of meters.registry.getMetricsAsArray()) {
    const {
      name,
      type,
      labelNames = [],
    } = metric as unknown as {
      name: string;
      type: unknown;
      labelNames?: string[];
    };
    known.set(name, labelNames);
    if (String(type) === 'histogram')
      for (const end of ['bucket', 'sum', 'count']) known.set(`${name}_${end}`, [...labelNames, 'le']);
  }
  return known;
}

/** What an expression names that does not exist. */
function unknownIn(expr: string, known: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const wrong: string[] = [];
  const all = new Set([...known.values()].flat());
  for (const [, name = '', selector = ''] of expr.matchAll(/\b(relais_[a-z_]+)(?:\{([^}]*)\})?/g)) {
    const labels = known.get(name);
    if (labels === undefined) wrong.push(name);
    for (const [, label = '', value = ''] of selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)) {
      if (labels !== undefined && !labels.includes(label)) wrong.push(`${name}{${label}}`);
      const closed = label === 'state' && name !== 'relais_circuits' ? deliveryStates : undefined;
      for (const word of value.split('|'))
        if (closed !== undefined && !(closed as readonly string[]).includes(word))
          wrong.push(`${label}=${word}`);
    }
  }
  for (const [, list = ''] of expr.matchAll(/\bby \(([^)]*)\)/g))
    for (const label of list.split(',').map((one) => one.trim()))
      if (!all.has(label) && !['instance', 'job'].includes(label)) wrong.push(`by (${label})`);
  return wrong;
}

test.each(expressions)('%s names only metrics, labels and states that exist: %s', (_title, expr) => {
  expect(expr).toMatch(/relais_/);
  expect(unknownIn(expr, knownMetrics())).toEqual([]);
});

test('a metric, a label or a state that does not exist would be seen', () => {
  const known = knownMetrics();
  expect(unknownIn('sum(relais_nothing_total)', known)).toEqual(['relais_nothing_total']);
  expect(unknownIn('relais_deliveries{colour="red"}', known)).toEqual(['relais_deliveries{colour}']);
  expect(unknownIn('relais_deliveries{state="lost"}', known)).toEqual(['state=lost']);
  expect(unknownIn('sum by (colour) (relais_deliveries)', known)).toEqual(['by (colour)']);
});

test('every rule has a severity, and a runbook that is a heading of the page', () => {
  const page = readFileSync(join(folder, '../operations.md'), 'utf8');
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );
  expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  for (const rule of rules) {
    expect(['page', 'ticket']).toContain(rule.labels['severity']);
    const [file, anchor] = rule.annotations.runbook.split('#');
    expect([rule.alert, file]).toEqual([rule.alert, 'docs/operations.md']);
    expect(anchors).toContain(anchor);
  }
});

describe('labels', () => {
  test('a metric names so many values and calls the rest `other`; the first ones keep their name', () => {
    const label = createLabel(2);
    expect(['a-crm', 'b-crm', 'c-crm', 'a-crm', undefined].map(label)).toEqual([
      'a-crm',
      'b-crm',
      'other',
      'a-crm',
      'none',
    ]);
  });

  test.each(['zoe@courriel.example', '+33639980123', '0639980123', 'Zoé Lefèvre', 'x'.repeat(61)])(
    'what is no slug is never a label: %s',
    (value) => expect(createLabel(10)(value)).toBe('other'),
  );

  test('whatever the log is told, the number of series stays bounded and no free text is in them', async () => {
    const meters = createMeters({ destinations: 5 });
    const log = meters.counted(silentLog);
    for (let at = 0; at < 500; at += 1)
      for (const event of logEvents)
        log.info(event, {
          destination: `essai-${at}`,
          connector: `c${at}`,
          outcome: `zoe@courriel.example`,
          verdict: `s${at}`,
          reason: `Lefèvre ${at}`,
          code: `k${at}`,
          loop: `+3363998${at}`,
          action: 'create',
          run: 1,
          attempt: 1,
          delivery: at,
        });
    const text = await meters.registry.metrics();
    // With its plus sign: bytes of memory may hold any digits.
    expect(text).not.toMatch(/zoe|Lef|\+3363/);
    expect(text).toContain('destination="other"');
    expect(text).not.toContain('essai-5"');
    expect(text.split('\n').length).toBeLessThan(3_000);
    expect(meters.samples().length).toBeLessThanOrEqual(200);
  });
});
