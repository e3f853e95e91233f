// The centre's own mails to its clients and the written notes they carry (C48), with whether they got through.
// Invariant: names and codes; a note names fields and settings, never a person's value.
import { noteKey } from '../../client-mails/notes.ts';
import { RelaisError } from '../../errors.ts';
import {
  listClientMails,
  type ListedMail,
  findNote,
  listNotes,
  type StoredNote,
} from '../../store/client-mails.ts';
import { knownNames } from '../known-names.ts';
import { pageOf, type Page, type PageAsked, type SupportPlace } from '../place.ts';

export { bringMailForward, listClientMails, type ListedMail } from '../../store/client-mails.ts';

type Place = Pick<SupportPlace, 'database'>;

export interface MailedNote {
  readonly note: StoredNote;
  readonly mails: readonly ListedMail[];
}

const mailed = async ({ database }: Place, client: string, note: StoredNote): Promise<MailedNote> => ({
  note,
  mails: await listClientMails(database, { client, key: noteKey(note.number) }, 10),
});

/** Newest first. @throws FIND-001 */
export async function clientNotes(
  place: Place,
  client: string,
  { limit, after }: PageAsked,
): Promise<Page<MailedNote>> {
  await knownNames(place.database, { client });
  const notes = await listNotes(place.database, client, limit + 1, after ?? Number.MAX_SAFE_INTEGER);
  const page = pageOf(notes, limit, ({ number }) => number);
  return { ...page, items: await Promise.all(page.items.map((note) => mailed(place, client, note))) };
}

/** @param number undefined: the last. @throws FIND-001 */
export async function clientNote(place: Place, client: string, number?: number): Promise<MailedNote> {
  await knownNames(place.database, { client });
  const note =
    number === undefined
      ? (await listNotes(place.database, client, 1, Number.MAX_SAFE_INTEGER))[0]
      : await findNote(place.database, client, number);
  if (note === undefined)
    throw new RelaisError(
      'FIND-001',
      number === undefined
        ? [`${client} n’a pas encore de note.`, `${client} has no note yet.`]
        : [`${client} n’a pas de note ${number}.`, `${client} has no note ${number}.`],
    );
  return mailed(place, client, note);
}
