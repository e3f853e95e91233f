// Leads of a storm that are posted over HTTP instead of handed in as rows, one to three at once.
// Invariant: a lead counts as handed in once it was answered for.
import type { IntakeValues } from '../../../src/store/intake/intake.ts';
import type { HandedIn } from './ledgers.ts';
import type { Outside } from './outside.ts';

export interface Waiting {
  readonly row: IntakeValues;
  readonly handed: HandedIn;
}

interface Item {
  readonly state: string;
  readonly lead?: number;
  readonly refusals?: readonly { readonly column: string; readonly code: string }[];
}

export async function post(
  { surely, posted, wrong }: Outside,
  waiting: readonly Waiting[],
  handedIn: HandedIn[],
): Promise<void> {
  const { status, body } = await surely('/v1/leads', { items: waiting.map(({ row }) => itemOf(row)) });
  const items = (body['items'] ?? []) as readonly Item[];
  for (const [index, { handed }] of waiting.entries()) {
    const { reference } = handed;
    const { state = 'none', lead = 0, refusals = [] } = items[index] ?? {};
    // Before an answer came through, its operation may have ended, or the lead or another of its person was erased: the checker looks.
    const isGone = refusals.some(({ code }) =>
      ['OPERATION_ENDED', 'LEAD_ERASED', 'ERASED_SINCE'].includes(code),
    );
    if (!['accepted', 'duplicate', 'received'].includes(state) && !isGone)
      wrong.push(`${reference}: ${status} ${state} ${JSON.stringify(state === 'none' ? body : refusals)}`);
    posted.push({ reference, state, lead });
    handedIn.push(handed);
  }
}

/** The columns as JSON: lists as lists, no column without a value. */
function itemOf(row: IntakeValues): Readonly<Record<string, unknown>> {
  const { consents, ...columns } = row;
  const filled = Object.entries(columns).filter(
    ([name, value]) => value !== null && value !== undefined && name !== 'kind' && name !== 'row_reference',
  );
  return { ...Object.fromEntries(filled), consents: JSON.parse(String(consents ?? '[]')) as unknown };
}
