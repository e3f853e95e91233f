// Where addresses of the storm's persons stand in the tables, and of whom nothing may be left there.
// Invariant: every column that may hold text is read; whoever still has a lead may stand anywhere.
import type { Gateway } from '../../trip/gateway.ts';
import type { Story } from './check.ts';
import { textColumns } from './exposed.ts';
import { lateMark, operationMark } from './operations.ts';

export interface PersonAt {
  readonly person: number;
  /** Table and column. */
  readonly place: string;
}

export interface ReferenceAt {
  readonly reference: string;
  readonly place: string;
}

export interface Found {
  readonly addresses: readonly PersonAt[];
  readonly references: readonly ReferenceAt[];
}

/** What `leadRow` gives whoever has no phone of their own, rows that are to do harm. */
const borrowed = 123;
/** As `ofPerson` and `correctedEmail` in leads.ts write them, and as they are written at home. */
const written = [/demande-(\d+)@(?:courriel|nouveau)\.example/g, /(?:\+33|\b0)63998(\d{4})/g] as const;

/** Of leads of operations, which retention takes out of every table. */
const referenceWritten = new RegExp(`\\b${operationMark}\\d+-\\d+\\b`, 'g');

export async function personsInTables({ owner }: Pick<Gateway, 'owner'>): Promise<Found> {
  const addresses = new Map<string, PersonAt>();
  const references = new Map<string, ReferenceAt>();
  for (const { table, name } of await textColumns({ owner })) {
    const place = `${table}.${name}`;
    const column = `CAST(\`${name}\` AS BINARY)`;
    const rows = await owner.all<{ text: Buffer }>(
      `SELECT ${column} AS text FROM \`${table}\`
        WHERE LOCATE('demande-', ${column}) > 0 OR LOCATE('63998', ${column}) > 0 OR LOCATE('${operationMark}', ${column}) > 0`,
    );
    for (const { text } of rows) {
      for (const [index, pattern] of written.entries())
        for (const [, digits] of String(text).matchAll(pattern)) {
          const person = Number(digits);
          if (index === 0 || person !== borrowed) addresses.set(`${person} ${place}`, { person, place });
        }
      for (const [reference] of String(text).matchAll(referenceWritten))
        references.set(`${reference} ${place}`, { reference, place });
    }
  }
  return { addresses: [...addresses.values()], references: [...references.values()] };
}

/** Of whom no lead is left but erased ones; and leads that retention took. */
export function remainsOf({ handedIn, leads, addresses, references }: Story): readonly string[] {
  const byReference = new Map(leads.map((lead) => [lead.reference, lead]));
  const isGone = ({ reference }: Story['handedIn'][number]): boolean =>
    byReference.get(reference)?.erased === true || reference.startsWith(lateMark);
  const gone = new Set(
    [...Map.groupBy(handedIn, (one) => one.person)]
      .filter(([, requests]) => requests.every(isGone))
      .map(([person]) => person),
  );
  return [
    ...addresses
      .filter(({ person }) => gone.has(person))
      .map(({ person, place }) => `person ${person}: ${place}`),
    ...references
      // A correction that comes when its lead is gone is refused where everybody sees it, with the reference it names.
      .filter(
        ({ reference, place }) =>
          byReference.get(reference)?.gone === true && !place.startsWith('lead_intake.'),
      )
      .map(({ reference, place }) => `${reference}: ${place}`),
  ];
}
