// Reads one lead: its data by category, masked; consents over time, interactions, deliveries, and every hand-over of it.
// Invariant: of a person enough to recognise and no more (C39); each look is an entry of the log first (`showLead`).
import type { Lead } from '../../domain/lead.ts';
import { columnFacts, type ColumnFacts } from '../../domain/lead-fields/columns.ts';
import { unknownLead } from '../../errors/unknown.ts';
import { entriesOfLeads, isLookUp, type LeadEntry } from '../../store/log/lead-log.ts';
import { readLeads } from '../../store/leads/leads.ts';
import { leadsNamed } from '../../store/leads/support-leads.ts';
import type { LookUp } from '../find-person.ts';
import { showLead, type LeadFile } from '../lead-file.ts';
import { maskMail, maskName, maskPhone } from '../masking.ts';
import { pageOf, isWithin, type Page, type PageAsked, type SupportPlace, type Scope } from '../place.ts';
import { notTaking } from './not-taking.ts';

export type LeadPage = Awaited<ReturnType<typeof leadPage>>;

export interface LeadName {
  readonly client: string;
  readonly reference: string;
}

/** @throws FIND-001, also where only refused rows have the reference: a look-up finds those */
export async function leadPage(
  { database, published }: SupportPlace,
  scope: Scope,
  { client: clientId, reference }: LeadName,
  look: LookUp,
) {
  const unknown = unknownLead(clientId, reference);
  if (!isWithin(scope, clientId)) throw unknown;
  const shown = await showLead(database, { clientId, reference }, look);
  if (shown.found !== 'lead') throw unknown;
  const [head] = await leadsNamed(database, [clientId], reference);
  const read = head === undefined ? undefined : (await readLeads(database, [head.id])).get(head.id);
  if (read === undefined) throw unknown;
  const { file } = shown;
  return {
    ...file,
    rights: scope.clientId === undefined ? file.rights : file.rights.map(asTheCentre),
    categories: read.lead.erasedAt === undefined ? categoriesOf(read.lead, look.reveal) : [],
    /** Oldest first. */
    consentsOverTime: read.lead.consents.map(({ purpose, channel, state, recordedAt, legalEntity }) => ({
      purpose,
      channel,
      state,
      recordedAt,
      ...(legalEntity === undefined ? {} : { legalEntity }),
    })),
    isRestricted: read.restricted === true,
    /** Destinations of the client without a delivery of it. */
    notTaking: await notTaking(
      { database, published },
      read,
      new Set(file.deliveries.map(({ destinationId }) => destinationId)),
    ),
  };
}

const asTheCentre = ({ at, entry, reason }: LeadFile['rights'][number]): LeadFile['rights'][number] => ({
  at,
  entry,
  reason,
  actor: 'centre',
  purpose: '',
});

/**
 * Fields by their place in the lead (`project.rooms`): named in French, as in the document a client signs, and described in English; a value
 * is masked unless revealed, and in words where it is of a closed list.
 */
function categoriesOf(lead: Lead, reveal: boolean) {
  const fields = columnFacts.flatMap((facts) => {
    const value = valueAt(lead, facts.path);
    if (value === undefined) return [];
    const { path, label, description, category } = facts;
    return [{ category, path, label, description, value: shownValue(facts, value, reveal) }];
  });
  return [...Map.groupBy(fields, ({ category }) => category)].map(([category, group]) => ({
    category,
    fields: group.map(({ category: _, ...field }) => field),
  }));
}

function valueAt(lead: Lead, path: string): string | number | Date | undefined {
  let place: unknown = lead;
  for (const name of path.split('.'))
    place = (place as Readonly<Record<string, unknown>> | undefined)?.[name];
  return place as string | number | Date | undefined;
}

const masks: Readonly<Record<string, (value: string) => string>> = {
  'identity.lastName': maskName,
  'identity.firstName': maskName,
  'identity.address.city': maskName,
  'identity.email': maskMail,
  'identity.mobile': maskPhone,
  'identity.landline': maskPhone,
};

/** A person's values are masked, except closed lists of the project: a type of housing identifies nobody. */
function shownValue(facts: ColumnFacts, value: string | number | Date, reveal: boolean): string {
  const text = value instanceof Date ? value.toISOString() : String(value);
  const isOpen = !facts.person || (facts.category === 'project' && facts.type === 'enum');
  if (reveal || isOpen) return facts.words?.[text] ?? text;
  return masks[facts.path]?.(text) ?? '***';
}

/** Entries of the log about the lead, oldest first, but look-ups, which only auditors read; a client's reader gets no actor of the centre. @throws FIND-001 */
export async function handoversOfLead(
  { database }: SupportPlace,
  scope: Scope,
  { client, reference }: LeadName,
  { limit, after = 0 }: PageAsked,
): Promise<Page<LeadEntry>> {
  const [head] = isWithin(scope, client) ? await leadsNamed(database, [client], reference) : [];
  if (head === undefined) throw unknownLead(client, reference);
  const entries = (await entriesOfLeads(database, [head.id]))
    .filter((entry) => entry.id > after && !isLookUp(entry))
    .map((entry) => (scope.clientId === undefined ? entry : { ...entry, actor: '', purpose: '' }));
  return pageOf(entries, limit, ({ id }) => id);
}
