// CRMs that no one here ran: answers that their makers or other people published, each with its source. The preset reads them as they
// mean it, and where the simulated CRM can be brought to the same answer it gives the same.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../connectors/contract.ts';
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import { answerOf } from '../../src/mapping/response/recorded-answers.ts';
import { readPreset } from '../../sandbox/trial/preset-folder.ts';
import { compiledExample } from '../mapping/preset-support.ts';
import { mappingsRoot } from '../mapping/support.ts';

interface Published {
  /** Page on which it stands. */
  readonly source: string;
  /** Day it was published; a page without a date has none. */
  readonly date: string | null;
  readonly by: 'maker' | 'user';
  readonly action: Action | 'lookup';
  /** Of several calls, the one it answers. */
  readonly call?: string;
  /** What of it stands elsewhere. */
  readonly note?: string;
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly outcome: string;
  readonly reason?: string;
  readonly reference?: string;
  /** What the simulated CRM is asked; its last answer is compared. */
  readonly simulated?: readonly {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  }[];
}

const folder = join(import.meta.dirname, 'recorded');
const published = readdirSync(folder)
  .map((preset) => ({ preset, file: join(folder, preset, 'published.json') }))
  .filter(({ file }) => existsSync(file))
  .flatMap(({ preset, file }) =>
    (JSON.parse(readFileSync(file, 'utf8')) as readonly Published[]).map((one) => ({ preset, ...one })),
  );

test('each has its source, and its day where the source has one, and the preset does not claim to have met the real one', () => {
  for (const { preset, source, date } of published) {
    expect([source, URL.canParse(source), /^20\d\d-\d\d-\d\d$/.test(date ?? '2000-01-01')]).toEqual([
      source,
      true,
      true,
    ]);
    expect([preset, readPreset(mappingsRoot, preset).proof]).not.toEqual([preset, 'system']);
  }
});

test.each(published)('$preset, $source: $answer.status is $outcome', (one) => {
  const { preset, action, call, answer, outcome, reason, reference } = one;
  const of = action === 'lookup' ? 'create' : action;
  const read = compiledExample(preset).classify(
    answerOf({ response: answer }),
    action,
    ...(call === undefined ? [] : [{ action: of, name: call }]),
  );
  expect(read).toMatchObject({
    kind: outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(reference === undefined ? {} : { reference }),
  });
});

/** Numbers and ids are the day's. */
const withoutIds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(/[\da-f]{8}-[\da-f-]{27}|\d+/g, '0')) as unknown;

test.each(published.filter(({ simulated }) => simulated !== undefined))(
  '$preset, $source: the simulated one answers the same',
  ({ preset, answer, simulated = [] }) => {
    const simulator = simulatorOf(preset);
    if (simulator === undefined) throw new Error(`${preset} has no simulator`);
    const secrets = Object.fromEntries(simulator.secretNames.map((name) => [name, `{${name}}`]));
    const crm = simulator.open({ secrets, strangers: [], now: () => 0 });
    const answers = simulated.map(({ method, path, headers, body }) => {
      const url = new URL(path, 'https://crm.example');
      return crm.answer({
        method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        beside: 0,
      });
    });
    const last = answers.at(-1);
    expect(last?.status).toBe(answer.status);
    expect(withoutIds(JSON.parse(String(last?.body)))).toEqual(withoutIds(answer.body));
  },
);
