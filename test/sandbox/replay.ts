// Replays what a real CRM was asked at its simulated one, and tells where the two differ: status, what the headers say, the
// body's shape and values. What is stored shows in the answers to what is read afterwards.
// Invariant: the simulated one is asked in the same order, at the same moments, with its own numbers in place of the real ones.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';
import {
  formClosed,
  requestOf,
  terse,
  toldOnPage,
  valueOf,
  type Exchange,
  type Recording,
} from '../lab/real/exchange.ts';

export interface Difference {
  /** Method and path, numbers as {id}: `GET /api/v1/Lead/{id}`. */
  readonly on: string;
  /** `status`, `header NAME`, or the place in the body: `$.list[0].id`. */
  readonly at: string;
  readonly real: unknown;
  readonly simulated: unknown;
}

/** @param preset whose simulator is asked  @param recordings of one version, in the order in which they were made */
export function replay(preset: string, recordings: readonly Recording[]): readonly Difference[] {
  const simulator = simulatorOf(preset);
  if (simulator === undefined) throw new Error(`${preset} has no simulator`);
  let now = 0;
  const secrets = Object.fromEntries(simulator.secretNames.map((name) => [name, `{${name}}`]));
  const pair = Buffer.from(Object.values(secrets).join(':')).toString('base64');
  const crm = simulator.open({ secrets, strangers: [], now: () => now });
  const ids = new Map<string, string>();
  const told = new Set<string>();
  return recordings
    .flatMap(({ exchanges }) => exchanges)
    .flatMap((exchange) => {
      now = exchange.at;
      const on = placeOf(exchange, ids);
      const said = (at: string, real: unknown, simulated: unknown): Difference => ({
        on,
        at,
        real,
        simulated,
      });
      if (exchange.during === formClosed) {
        const closed = simulator.open({ secrets, strangers: [], now: () => now });
        closed.keyIsGood(false);
        return compare(exchange, closed.answer(requestOf(exchange)), { ids, told, said });
      }
      if (exchange.during !== undefined) return whileDown(exchange, crm, said);
      for (const name of namesIn(exchange.request.body)) told.add(name);
      const request = requestOf(withNumbers(exchange, ids));
      // A name and a password travel as one text, which the recording has as the password's place.
      const authorization = request.headers['authorization']?.replace(/^Basic \{[A-Z_]+\}$/, `Basic ${pair}`);
      const asked =
        authorization === undefined
          ? request
          : { ...request, headers: { ...request.headers, authorization } };
      const first = crm.answer(asked);
      // Whether two at once meet is the moment's: one that got through beside another is asked as if it was alone.
      const met = asked.beside > 0 && first.status !== exchange.answer.status;
      const answer = met ? crm.answer({ ...asked, beside: 0 }) : first;
      return compare(exchange, answer, { ids, told, said });
    });
}

type Said = (at: string, real: unknown, simulated: unknown) => Difference;

/** Which fault of a stopped database comes first is the moment's: the simulated one knows all that were seen. */
function whileDown({ answer }: Exchange, { whenDown }: SimulatedCrm, said: Said): readonly Difference[] {
  const known = whenDown.map((one) => (one === 'hangs' ? one : one.status));
  return known.includes(answer.status) ? [] : [said('its database stopped', answer.status, known)];
}

interface Comparison {
  readonly ids: Map<string, string>;
  readonly told: ReadonlySet<string>;
  readonly said: Said;
}

/** A token of the session is the day's. */
const anyToken = (text: string | undefined): string | undefined => text?.replace(/token=\w+/, 'token=');

/** Headers that a mapping may read. */
const telling = ['x-status-reason', 'location', 'retry-after'];

function compare(
  { answer }: Exchange,
  simulated: CrmAnswer,
  { ids, told, said }: Comparison,
): readonly Difference[] {
  if (answer.status !== simulated.status) return [said('status', answer.status, simulated.status)];
  const type = simulated.headers?.['content-type'] ?? '';
  const body = terse(valueOf(simulated.body ?? '', type));
  const headers = telling
    .filter((name) => anyToken(answered(answer.headers[name], ids)) !== anyToken(simulated.headers?.[name]))
    .map((name) => said(`header ${name}`, answer.headers[name], simulated.headers?.[name]));
  const isPage = (value: unknown): boolean => typeof value === 'string' && value.includes('<');
  // Of what begins as a page the recording has the beginning.
  if (typeof answer.body === 'string' && isPage(body) && String(body).startsWith(answer.body)) return headers;
  if (isPage(answer.body) && isPage(body)) {
    const [real, own] = [wordsOf(answer.body), wordsOf(body)];
    return real === own ? headers : [...headers, said('what the page says', real, own)];
  }
  return [...headers, ...differences('$', answer.body, body, { ids, told, said })];
}

/** What the page says of an error, in words. */
const wordsOf = (page: unknown): string =>
  toldOnPage(String(page))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

const answered = (text: string | undefined, ids: ReadonlyMap<string, string>): string | undefined =>
  text === undefined ? undefined : mapped(text, ids);

function differences(
  at: string,
  real: unknown,
  simulated: unknown,
  comparison: Comparison,
): readonly Difference[] {
  const { ids, told, said } = comparison;
  if (Array.isArray(real) && Array.isArray(simulated) && real.length === simulated.length)
    return simulated.flatMap((item, index) => differences(`${at}[${index}]`, real[index], item, comparison));
  if (isObject(real) && isObject(simulated)) {
    const missing = Object.keys(real).filter((name) => told.has(name) && !(name in simulated));
    return [...Object.keys(simulated), ...missing].flatMap((name) =>
      differences(`${at}.${name}`, real[name], simulated[name], comparison),
    );
  }
  if (isNumberOfARecord(at, real) && isScalar(simulated)) {
    const known = ids.get(String(real));
    ids.set(String(real), known ?? String(simulated));
    return known === undefined || known === String(simulated) ? [] : [said(at, real, simulated)];
  }
  const expected = typeof real === 'string' ? mapped(real, ids) : real;
  return expected === simulated || (isNothing(real) && isNothing(simulated))
    ? []
    : [said(at, real, simulated)];
}

/** `id` of a record, or a bare number above 900,000, where the laboratory has a real CRM's numbers begin. */
const isNumberOfARecord = (at: string, value: unknown): value is string | number =>
  isScalar(value) && (at.endsWith('.id') || /^9\d{5}$/.test(String(value)));

/** Which of them stands for an empty field is the day's: no mapping reads more than that nothing is there. */
const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';

const isScalar = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Real numbers of records in a text, as the simulated CRM numbers them. */
function mapped(text: string, ids: ReadonlyMap<string, string>): string {
  let whole = text;
  // A short one stands in any key of ours by chance.
  for (const [real, own] of ids) if (!/^\d{1,5}$/.test(real)) whole = whole.replaceAll(real, own);
  return whole;
}

function withNumbers(exchange: Exchange, ids: ReadonlyMap<string, string>): Exchange {
  return JSON.parse(
    JSON.stringify(exchange, (name, value: unknown) => {
      if (typeof value === 'string' && name !== 'base64') return mapped(value, ids);
      return typeof value === 'number' && ids.has(String(value)) ? Number(ids.get(String(value))) : value;
    }),
  ) as Exchange;
}

function placeOf({ request }: Exchange, ids: ReadonlyMap<string, string>): string {
  let path = request.path.split('?')[0] ?? '';
  for (const real of ids.keys()) path = path.replaceAll(real, '{id}');
  return `${request.method} ${path}`;
}

/** Names of members of a body, at any depth. */
const namesIn = (body: unknown): readonly string[] =>
  typeof body === 'object' && body !== null
    ? Object.entries(body).flatMap(([name, value]) => [name, ...namesIn(value)])
    : [];
