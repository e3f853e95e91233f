// Lists destinations of the client that do not take a lead, each with the reason by the mapping in force.
// Invariant: reads only; it names the deciding field of the lead, never its value.
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import type { Lead } from '../../domain/lead.ts';
import { acceptNames } from '../../mapping/fields/conditions.ts';
import { destinationsOfClients, type Destination } from '../../store/destinations/destinations.ts';
import { paris, type Both } from '../words.ts';
import type { SupportPlace } from '../place.ts';

/** @param having destinations with a delivery of the lead */
export async function notTaking(
  { database, published }: Pick<SupportPlace, 'database' | 'published'>,
  { lead, createdAt }: { readonly lead: Lead; readonly createdAt: Date },
  having: ReadonlySet<string>,
) {
  if (lead.erasedAt !== undefined) return [];
  const others = (await destinationsOfClients(database, [lead.clientId])).filter(({ id }) => !having.has(id));
  return Promise.all(
    others.map(async (destination) => ({
      destinationId: destination.id,
      why: await whyNot({ published }, destination, { lead, createdAt }),
    })),
  );
}

async function whyNot(
  { published }: Pick<SupportPlace, 'published'>,
  { status, mappingVersionId, leadsFrom }: Destination,
  { lead, createdAt }: { readonly lead: Lead; readonly createdAt: Date },
): Promise<Both> {
  if (status === 'archived') return words.archived;
  if (mappingVersionId === 0) return words.unpublished;
  const mapping = await published.version(mappingVersionId);
  if (mapping === undefined) return words.unusable;
  const accepted = mapping.accepts(lead);
  if (!accepted.yes) return notAmong(accepted.because);
  if (createdAt < leadsFrom) return tooEarly(leadsFrom);
  return words.nothingAgainst;
}

const words = {
  archived: ['archivée, elle ne prend plus rien', 'archived, it takes nothing any more'],
  unpublished: ['aucun format n’y est publié', 'it has no published mapping'],
  unusable: ['son format en vigueur est inutilisable', 'its mapping in force cannot be used'],
  nothingAgainst: [
    'rien ne s’y oppose à présent : le lead vient d’arriver, ou le format a changé depuis',
    'nothing is against it now: the lead has just come in, or the mapping has changed since',
  ],
} as const satisfies Readonly<Record<string, Both>>;

/** @param key of `accepts`, a short name or a path in the lead */
function notAmong(key: string): Both {
  const path = acceptNames[key] ?? key;
  const facts = columnFacts.find((column) => column.path === path);
  return [
    `elle ne prend que certains leads, et celui-ci n’en est pas, à cause de : ${facts?.label ?? key}`,
    `it takes certain leads alone, and this is none of them, by: ${facts?.description ?? key}`,
  ];
}

const tooEarly = (from: Date): Both => [
  `arrivé avant le ${paris(from)}, date à partir de laquelle elle prend les leads`,
  `it came before ${paris(from)}, since when it takes leads`,
];

/** Reason, recorded by the planner, why a change or a lead was not passed on. */
export const refusalOfPlan = (reason: string): Both | undefined => {
  const [base = '', key] = reason.split(':');
  if (base === 'not_accepted' && key !== undefined) return notAmong(key);
  return ofPlan[base];
};

const ofPlan: Readonly<Record<string, Both | undefined>> = {
  no_destination: [
    'le client n’avait alors aucune destination qui prenne des leads',
    'the client then had no destination that takes leads',
  ],
  update_not_wanted: [
    'son format ne transmet pas ce type de changement',
    'its mapping passes on no change of this kind',
  ],
};
