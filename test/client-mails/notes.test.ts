// C48: every change on a client's instruction is a numbered note, mailed to the client's contact and the centre's officer.
import { simpleParser } from 'mailparser';
import { writeNote, type ClientNote } from '../../src/client-mails/notes.ts';
import { sendClientMails } from '../../src/client-mails/send.ts';
import { silentLog } from '../../src/log.ts';
import { findNote, listNotes, type StoredNote } from '../../src/store/alerts/client-mails.ts';
import { SqlFailure } from '../../src/store/database.ts';
import { perform } from '../../src/support/acts/act.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { endAuthorisation, grantAuthorisation } from '../../src/support/authorisations.ts';
import { readAuthorisations } from '../../src/store/destinations/authorisations.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let smtp: SmtpRecipient;
let gateway: Gateway;
beforeEach(async () => {
  smtp = await startSmtpRecipient(undefined);
  gateway = await openGateway({
    files: webhookFiles(9),
    environment: {
      RELAIS_MAIL_SMTP_URL: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      RELAIS_MAIL_FROM: 'Centre <relais@centre.example>',
      RELAIS_DPO_NAME: 'Claude Exemple',
      RELAIS_RIGHTS_MAILBOX: 'droits@centre.example',
    },
  });
});
afterEach(async () => {
  await gateway.close();
  await smtp.close();
});

const publish = (askedBy?: string) =>
  gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'integrator',
    note: 'ticket 12',
    askedBy,
  });
const change = (name: string, from: string, to: string): void => {
  const text = webhookFiles(9)[name] ?? '';
  expect(text).toContain(from);
  gateway.file(name, text.replace(from, to));
};
const notes = async (): Promise<readonly StoredNote[]> =>
  (await listNotes(gateway.app.database, 'essai', 100, 1_000)).toReversed();

test('C48: a mapping published and rolled back is a note each, mailed and in the log', async () => {
  const first = await publish('direction commerciale d’Essai');
  expect(first.noteNumber).toBe(1);
  // The very same again changes nothing: no note.
  expect((await publish()).noteNumber).toBeUndefined();
  change('essai/crm.yaml', 'granted: OUI', "granted: 'YES'");
  await publish('courriel de la direction du 2 octobre');
  await gateway.app.publishing.rollback({
    destinationId: 'essai-crm',
    version: 1,
    actor: 'support',
    reason: 'ticket 13',
  });
  const written = await notes();
  expect(
    written.map(({ number, kind, askedBy, doneBy, document }) => [number, kind, askedBy, doneBy, document]),
  ).toEqual([
    [1, 'mapping_published', 'direction commerciale d’Essai', 'integrator', 'ticket 12'],
    [2, 'mapping_published', 'courriel de la direction du 2 octobre', 'integrator', 'ticket 12'],
    [3, 'mapping_rolled_back', 'le centre, de sa propre initiative', 'support', 'ticket 13'],
  ]);
  expect(written[1]?.changes[0]).toBe('Version 2 à la place de la version 1');
  expect(written[1]?.changes.join('\n')).toMatch(/^Opt-in .*, prospection par .*, accordé : OUI → YES$/m);
  expect(written[2]?.changes.join('\n')).toMatch(/^Opt-in .*, accordé : YES → OUI$/m);
  const { app } = gateway;
  const options = {
    database: app.database,
    mail: app.config.clientMail,
    network: app.config.network,
    log: silentLog,
  };
  expect(await sendClientMails(options)).toBe(6);
  expect(smtp.received.map(({ to }) => to.join())).toEqual(
    [1, 2, 3].flatMap(() => ['dpo@essai.example', 'droits@centre.example']),
  );
  const mail = await simpleParser(smtp.received[2]?.raw ?? '');
  expect(mail.subject).toBe('Note n° 2 : format « essai-crm » publié, version 2');
  expect(mail.text).toMatch(/Note n° 2, \d+ \S+ \d{4} à \d\d:\d\d \(heure de Paris\)/);
  expect(mail.text).toContain('Demandée par : courriel de la direction du 2 octobre');
  expect(mail.text).toContain('Effectuée par : integrator');
  expect(mail.text).toContain('Délégation à la protection des données (DPO) : Claude Exemple');
  expect(
    await gateway.owner.all(
      "SELECT purpose, recipient, actor, reason FROM handovers WHERE entry = 'note_written' AND purpose = 'note 2'",
    ),
  ).toEqual([
    {
      purpose: 'note 2',
      recipient: 'courriel de la direction du 2 octobre',
      actor: 'integrator',
      reason: 'mapping_published',
    },
  ]);
});

test('C48: a contact that changes in client.yaml, and a recipient granted and revoked, are notes too', async () => {
  await publish();
  change('essai/client.yaml', 'rights: dpo@essai.example', 'rights: nouveau@essai.example');
  const { noteNumber } = await publish('lettre du client');
  const note = await findNote(gateway.app.database, 'essai', noteNumber ?? 0);
  expect(note?.changes).toContain(
    'Interlocuteur désigné pour les droits : dpo@essai.example → nouveau@essai.example',
  );
  const granted = await grantAuthorisation(
    gateway.app.database,
    {
      clientId: 'essai',
      destinationId: 'essai-crm',
      recipient: 'Agence Sud',
      targets: ['localhost'],
      categories: ['identity'],
      documentRef: 'lettre du 3 octobre',
      validFrom: new Date('2026-10-03T00:00:00Z'),
      grantedBy: 'integrator',
    },
    { askedBy: 'direction d’Essai' },
  );
  const row = (await readAuthorisations(gateway.app.database, ['essai-crm']))
    .get('essai-crm')
    ?.find(({ id }) => id === granted.authorisation);
  if (row === undefined) throw new Error('not granted');
  const asked = { to: [String(row.id)], input: { reason: 'fin' } };
  await perform(gateway.app, endAuthorisation, { scope: wholeCentre, actor: 'support' }, asked);
  const last = (await notes()).slice(-2);
  expect(last.map(({ kind, askedBy }) => [kind, askedBy])).toEqual([
    ['recipient_authorised', 'direction d’Essai'],
    ['recipient_revoked', 'le centre, de sa propre initiative'],
  ]);
  expect(last[0]?.changes).toContain('Catégories de données : identité');
});

const plain: ClientNote = {
  clientId: 'essai',
  kind: 'retention',
  title: 'durée de conservation',
  changes: ['Délai : 2 mois'],
  doneBy: 'dpo',
};

test('C48: numbers have no gap, with writers at once and transactions rolled back', async () => {
  await publish();
  const write = (fails: boolean): Promise<unknown> =>
    gateway.app.database
      .transaction(async (tx) => {
        await writeNote(tx, plain);
        if (fails) throw new Error('undone');
      })
      .catch((error: unknown) => {
        if (!(error instanceof Error && error.message === 'undone')) throw error;
      });
  await Promise.all(Array.from({ length: 24 }, (_, index) => write(index % 3 === 0)));
  expect((await notes()).map(({ number }) => number)).toEqual(
    Array.from({ length: 17 }, (_, index) => index + 1),
  );
  expect(await gateway.owner.all("SELECT COUNT(*) AS n FROM client_mails WHERE kind = 'note'")).toEqual([
    { n: 34 },
  ]);
});

test('C48: two publishers at once make two notes, each speaking of the version before its own', async () => {
  await publish();
  change('essai/crm.yaml', 'granted: OUI', "granted: 'YES'");
  const both = await Promise.all([publish('A'), publish('B')]);
  // The second finds the very same files in force: it changed nothing.
  expect(both.flatMap(({ noteNumber }) => noteNumber ?? [])).toEqual([2]);
  expect((await notes()).map(({ number }) => number)).toEqual([1, 2]);
});

test('C48: who asked is written whole or not at all: what is too long is refused, and nothing is published', async () => {
  await expect(publish(`${'d'.repeat(150)}, ticket 4711`)).rejects.toMatchObject({ code: 'USAGE-001' });
  expect(await notes()).toEqual([]);
  expect((await publish(`${'d'.repeat(147)}, ticket 4711`)).noteNumber).toBe(1);
  expect((await notes())[0]?.askedBy).toMatch(/ticket 4711$/);
});

test('C53: who gave an instruction is recorded whole or not at all', async () => {
  await publish();
  const given = (givenBy: string) =>
    recordInstruction(gateway.app.database, {
      ...{ clientId: 'essai', givenOn: '2026-01-05', givenBy, document: 'annexe 3' },
      ...{ covers: ['retention'] as const, operation: '', recordedBy: 'tester' },
    });
  await expect(given('d'.repeat(121))).rejects.toMatchObject({ code: 'USAGE-001' });
  expect(await given('d'.repeat(120))).toBe(1);
  expect((await notes()).at(-1)?.askedBy).toBe('d'.repeat(120));
});

test('C48: a note names no person, and the gateway’s account cannot change one', async () => {
  await publish();
  await gateway.app.database.transaction((tx) =>
    writeNote(tx, {
      ...plain,
      kind: 'person_rectified',
      changes: ['mobile, email de zoe.martin@courriel.example (06 39 98 11 22)'],
      askedBy: 'Zoé, 06 39 98 11 22',
    }),
  );
  const note = (await notes()).at(-1);
  expect(note?.changes).toEqual(['mobile, email de [adresse masquée] ([numéro masqué])']);
  expect(note?.askedBy).toBe('Zoé, [numéro masqué]');
  for (const sql of ["UPDATE client_notes SET asked_by = 'x'", 'DELETE FROM client_notes'])
    await expect(
      gateway.app.database
        .run(sql)
        .catch((error: unknown) => (error instanceof SqlFailure ? error.errno : error)),
    ).resolves.toBe(1142);
});
