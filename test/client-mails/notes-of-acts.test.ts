// C48, C53: what is recorded in a client's register and what a request changes is a numbered note; recipients and opt-in cite an instruction.
import { recordInstruction, recordOperation } from '../../src/retention/register.ts';
import { listNotes, type StoredNote } from '../../src/store/alerts/client-mails.ts';
import { grantAuthorisation } from '../../src/support/authorisations.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let relais: Relais;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(() => gateway.close());

const notes = async (): Promise<readonly StoredNote[]> =>
  (await listNotes(gateway.app.database, 'essai', 100, 1_000)).toReversed().slice(1);
const instruct = (...covers: Parameters<typeof recordInstruction>[1]['covers']): Promise<number> =>
  recordInstruction(gateway.app.database, {
    clientId: 'essai',
    givenOn: '2026-10-01',
    givenBy: 'Mme Exemple, DPO',
    document: 'annexe 3',
    covers,
    operation: '',
    recordedBy: 'tester',
  });
const person = { email: 'zoe.canari@courriel.example', last_name: 'Canarilefèvre', mobile: '+33639984411' };
async function lead(reference: string): Promise<void> {
  await gateway.send(strangerRow(reference, person));
  await gateway.app.intake.acceptBatch(10);
}

test('C48: an instruction and what an operation changes are notes; what changes nothing is none', async () => {
  await instruct('retention');
  const operation = { clientId: 'essai', code: 'JPO-26', kind: 'one_off', recordedBy: 'tester' } as const;
  await recordOperation(gateway.app.database, { ...operation, endsOn: '2026-12-31' });
  const same = await recordOperation(gateway.app.database, { ...operation, endsOn: '2026-12-31' });
  expect(same.note).toBeUndefined();
  await recordOperation(gateway.app.database, {
    ...operation,
    endsOn: '2026-12-31',
    delay: { count: 15, unit: 'day' },
    instruction: 1,
  });
  const written = await notes();
  expect(written.map(({ kind, askedBy, instruction }) => [kind, askedBy, instruction])).toEqual([
    ['instruction_recorded', 'Mme Exemple, DPO', 1],
    ['retention', 'le centre, de sa propre initiative', 0],
    ['retention', 'Mme Exemple, DPO', 1],
  ]);
  expect(written[0]?.changes).toEqual([
    'Donnée le 01/10/2026 par Mme Exemple, DPO',
    'Porte sur : la durée de conservation',
    'Opération : toutes',
  ]);
  expect(written[1]?.changes).toContain('Dernier jour : 31/12/2026');
  expect(written[2]?.changes).toEqual([
    'Délai de conservation : celui de la charte → 15 jours',
    'Instruction : aucune → n° 1',
  ]);
});

test('C48: what a request changes is a note of fields, never of values, nor of leads; what it does not change is none', async () => {
  await lead('N-1');
  const open = (kind: 'erasure' | 'rectification' | 'restriction' | 'objection' | 'withdrawal' | 'access') =>
    gateway.app.requests.open({
      clientId: 'essai',
      kind,
      email: person.email,
      identity: 'seen',
      actor: 'tester',
      ...(kind === 'objection' || kind === 'withdrawal'
        ? { optIns: { purposes: ['marketing'], channels: ['phone'] } }
        : {}),
    });
  const all = { selection: { leads: 'all', rows: 'all' }, actor: 'tester' } as const;
  const apply = async (kind: Parameters<typeof open>[0], more: object = {}): Promise<number> => {
    const { id } = await open(kind);
    await gateway.app.requests.apply(id, { ...all, ...more });
    return id;
  };
  const first = await apply('rectification', {
    corrections: { values: { last_name: 'Canarinouveau' }, clear: ['landline'] },
  });
  await apply('withdrawal');
  await apply('objection');
  const restricted = await apply('restriction');
  await gateway.app.requests.lift(restricted, { actor: 'tester', evidence: 'lettre du 3 octobre' });
  await apply('erasure');
  await apply('erasure', { selection: { leads: [], rows: [] } });
  await open('access');
  const written = await notes();
  expect(written.map(({ kind, askedBy }) => [kind, askedBy])).toEqual([
    ['person_rectified', `la personne concernée, demande n° ${first}`],
    ['consent_withdrawn', `la personne concernée, demande n° ${first + 1}`],
    ['person_objected', `la personne concernée, demande n° ${first + 2}`],
    ['person_restricted', `la personne concernée, demande n° ${first + 3}`],
    ['person_restricted', `la personne concernée, demande n° ${first + 3}`],
    ['person_erased', `la personne concernée, demande n° ${first + 4}`],
  ]);
  expect(written[0]?.title).toBe(
    `demande n° ${first} d’une personne (rectification), effectuée dans nos bases`,
  );
  expect(written[0]?.changes.join('\n')).toMatch(/^Identité et coordonnées : .*Nom/m);
  expect(written[1]?.changes).toContain(
    'Prospection par téléphone : retrait enregistré, ne plus solliciter la personne',
  );
  expect(written[2]?.changes.join('\n')).toMatch(/liste d’opposition$/m);
  expect(written[5]?.changes.join('\n')).toMatch(/^Preuve signée n° \d+$/m);
  const text = JSON.stringify([
    written,
    await gateway.owner.all("SELECT body, subject FROM client_mails WHERE kind = 'note'"),
  ]);
  for (const value of ['canari', '639984411', 'N-1'])
    expect(text.toLowerCase()).not.toContain(value.toLowerCase());
});

test('C48: a note of a request stands or falls with it', async () => {
  await lead('N-2');
  const { id } = await gateway.app.requests.open({
    clientId: 'essai',
    kind: 'rectification',
    references: ['N-2'],
    identity: 'seen',
    actor: 'tester',
  });
  const before = await notes();
  await expect(
    gateway.app.requests.apply(id, {
      selection: { leads: 'all', rows: 'all' },
      corrections: { values: { email: 'not an address' }, clear: [] },
      actor: 'tester',
    }),
  ).rejects.toMatchObject({ code: 'REQUEST-002' });
  expect(await notes()).toEqual(before);
});

test('C48: an erasure, a withdrawal and an opposition by hand are notes too', async () => {
  await lead('N-3');
  const by = { clientId: 'essai', reference: 'N-3', actor: 'tester', reason: 'ticket 9' };
  await gateway.app.rights.withdraw({ ...by, purpose: 'marketing', channels: ['email', 'sms'] });
  await gateway.app.rights.object({
    ...by,
    addresses: { email: person.email },
    optIns: [{ purpose: 'marketing', channel: 'phone' }],
  });
  await gateway.app.rights.erase(by);
  // Nothing is left of it.
  await gateway.app.rights.erase(by);
  const written = await notes();
  expect(written.map(({ kind, document }) => [kind, document])).toEqual([
    ['consent_withdrawn', 'ticket 9'],
    ['person_objected', 'ticket 9'],
    ['person_erased', 'ticket 9'],
  ]);
  expect(written[0]?.changes).toEqual([
    'Prospection par e-mail : retrait enregistré, ne plus solliciter la personne',
    'Prospection par SMS : retrait enregistré, ne plus solliciter la personne',
  ]);
  // Nobody knows of a consent before an objection: none is said to be taken back.
  expect(written[1]?.changes).toEqual([
    'Prospection par téléphone : opposition enregistrée, ne plus solliciter la personne',
  ]);
  expect(written.map(({ askedBy }) => askedBy)).toEqual(Array(3).fill('la personne concernée'));
  expect(JSON.stringify(written)).not.toMatch(/canari|N-3/i);
});

test('C53: where a client has a register, a recipient cites an instruction that covers it', async () => {
  const grant = (instructions?: readonly number[]) =>
    grantAuthorisation(
      gateway.app.database,
      {
        clientId: 'essai',
        destinationId: 'essai-crm',
        recipient: 'Agence Sud',
        targets: ['localhost'],
        categories: ['identity'],
        documentRef: 'lettre du 3 octobre',
        validFrom: new Date('2026-10-03T00:00:00Z'),
        grantedBy: 'tester',
      },
      instructions === undefined ? {} : { instructions },
    );
  // No register: the document of the authorisation is what it rests on.
  await grant();
  await instruct('retention');
  await expect(grant()).rejects.toMatchObject({ code: 'INSTRUCTION-001' });
  await expect(grant([1])).rejects.toMatchObject({ code: 'INSTRUCTION-001' });
  await expect(grant([7])).rejects.toMatchObject({ code: 'FIND-001' });
  await instruct('recipients');
  await grant([2]);
  const [note] = (await notes()).slice(-1);
  expect(note).toMatchObject({ kind: 'recipient_authorised', instruction: 2, askedBy: 'Mme Exemple, DPO' });
  const rows = await gateway.owner.all("SELECT 1 FROM authorisations WHERE recipient = 'Agence Sud'");
  expect(rows).toHaveLength(2);
  // To end one needs none: it only narrows.
  const ended = await relais('authorisation', 'revoke', '1', '--reason', 'ticket 3');
  expect(ended.code).toBe(0);
});

test('C53: a publication that changes the opt-in or adds a recipient cites one that covers it, and is refused whole without', async () => {
  await instruct('opt_in');
  const main = webhookFiles(9);
  const publish = (...more: readonly string[]) =>
    relais('mapping', 'publish', 'essai-crm', '--note', 'ticket 12', '--yes', ...more);
  // A field is no opt-in.
  gateway.file('essai/crm.yaml', (main['essai/crm.yaml'] ?? '').replace('to: nom', 'to: name'));
  expect((await publish()).code).toBe(0);
  gateway.file('essai/crm.yaml', (main['essai/crm.yaml'] ?? '').replace('granted: OUI', "granted: 'YES'"));
  const refused = await publish();
  expect(refused.err).toContain('INSTRUCTION-001 essai has a register of instructions');
  expect((await gateway.app.publishing.history('essai-crm')).map(({ version }) => version)).toEqual([2, 1]);
  expect((await publish('--instruction', '1')).code).toBe(0);
  gateway.file(
    'essai/client.yaml',
    (main['essai/client.yaml'] ?? '').replace(
      'authorisations:',
      `authorisations:
  - { recipient: Agence Nord, destination: essai-crm, targets: [localhost], categories: [identity], document: Lettre 2, from: 2026-01-01 }`,
    ),
  );
  expect((await publish('--instruction', '1')).err).toContain('covers: recipients');
  await instruct('recipients');
  expect((await publish('--instruction', '1', '--instruction', '2')).code).toBe(0);
  const [last] = (await notes()).slice(-1);
  expect(last?.changes).toContain('Instructions enregistrées : n° 1, n° 2');
  // Back to what was agreed before: no instruction is needed.
  expect((await relais('mapping', 'rollback', 'essai-crm', '1', '--reason', 'ticket 13')).code).toBe(0);
});

test('a mail that was never tried says why, and a note says when nobody can get it', async () => {
  const mails = async () => (await relais('mail', 'list', '--unsent')).out;
  expect(await mails()).toMatch(/note-1 .*MAIL_NOT_CONFIGURED/);
  await gateway.owner.run('UPDATE client_mails SET tries = 1');
  expect(await mails()).toMatch(/note-1 .*being sent/);
  const granting = ['authorisation', 'grant', 'essai-crm', '--recipient', 'Agence', '--document', 'lettre'];
  expect((await relais(...granting)).out).toContain(
    "is written and will be mailed to the client's contact: relais note",
  );
  await gateway.owner.run("UPDATE clients SET facts = JSON_REMOVE(facts, '$.contacts.rights')");
  expect((await relais(...granting)).out).toContain(
    'is written and waits: client.yaml names no contact for rights: relais note',
  );
});
