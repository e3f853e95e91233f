// Rows of lead_intake become leads: whole, once, in order; or a refusal everyone can see.
import { inList } from '../../src/store/database.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { listRefusals } from '../../src/store/intake/intake-refusals.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { about, fullLead, grant, lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
afterAll(() => home.close());
beforeEach(() => home.empty());

describe('a lead row', () => {
  it('becomes a lead with all its parts, a secret, a receipt and a change, and leaves the intake table', async () => {
    await home.send(fullLead('AB-1'));
    const result = await home.intake().acceptBatch(200);
    expect(await home.refusals()).toEqual([]);
    expect(result).toMatchObject({
      taken: 1,
      accepted: 1,
      refused: 0,
      duplicates: 0,
      leads: [{ clientId: 'acme', revision: 1, kind: 'created' }],
    });
    expect(await home.count('lead_intake')).toBe(0);
    const [stored] = await home.database.all<Record<string, unknown>>(
      `SELECT l.*, p.*, j.*, o.*, f.* FROM leads l JOIN prospects p ON p.lead_id = l.id JOIN lead_projects j ON j.lead_id = l.id
         JOIN lead_origins o ON o.lead_id = l.id JOIN lead_finances f ON f.lead_id = l.id`,
    );
    const { consents: _c, interactions: _i, origin_media, origin_support, ...sent } = fullLead('AB-1');
    expect(stored).toMatchObject({ ...sent, media: origin_media, support: origin_support });
    expect(
      await home.database.all('SELECT purpose, channel, state, legal_entity FROM consents ORDER BY id'),
    ).toEqual([
      { purpose: 'marketing', channel: 'email', state: 'granted', legal_entity: null },
      { purpose: 'marketing', channel: 'phone', state: 'granted', legal_entity: 'Acme Promotion SAS' },
      { purpose: 'marketing', channel: 'sms', state: 'not_asked', legal_entity: null },
    ]);
    expect(await home.database.all('SELECT kind, voluntary, content FROM interactions ORDER BY id')).toEqual([
      { kind: 'web_form', voluntary: 1, content: null },
      { kind: 'email_sent', voluntary: 0, content: 'Merci' },
    ]);
    expect(await home.count(`${home.name}_keys.lead_secrets`)).toBe(1);
    expect(await home.count('intake_receipts')).toBe(0);
    expect(await home.database.all('SELECT revision, kind FROM lead_changes')).toEqual([
      { revision: 1, kind: 'created' },
    ]);
  });

  it('without a word on project, origin and money leaves no row of these, and a correction makes one', async () => {
    const rows = (): Promise<readonly number[]> =>
      Promise.all(['leads', 'lead_projects', 'lead_origins', 'lead_finances'].map(home.count));
    const intake = home.intake();
    await home.send(lead('AB-2'));
    await intake.acceptBatch(200);
    expect(await rows()).toEqual([1, 0, 0, 0]);
    await home.send(
      about('AB-2', 'AB-2-c1', { kind: 'correction', city: 'Pau', origin_media: 'SeLoger', rooms: 3 }),
    );
    await intake.acceptBatch(200);
    expect(await home.refusals()).toEqual([]);
    expect(await rows()).toEqual([1, 1, 1, 0]);
    expect(
      await home.database.all(
        'SELECT o.media, o.client_id, j.rooms FROM lead_origins o JOIN lead_projects j ON j.lead_id = o.lead_id',
      ),
    ).toEqual([{ media: 'SeLoger', client_id: 'acme', rooms: 3 }]);
  });
});

describe('a gateway whose own clock runs a day late', () => {
  it('takes a lead of this minute in: what lies in the future is the database to say', async () => {
    const [clock] = await home.database.all<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now');
    await home.send(lead('AB-3', { collected_at: clock?.now ?? new Date() }));
    const Real = Date;
    const late = class extends Real {
      constructor(given?: number) {
        super(given ?? Real.now() - 86_400_000);
      }
    };
    globalThis.Date = late as DateConstructor;
    try {
      expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 1, refused: 0 });
    } finally {
      globalThis.Date = Real;
    }
  });

  it('and still refuses one that the database has not reached', async () => {
    const [clock] = await home.database.all<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now');
    const ahead = new Date((clock?.now.getTime() ?? 0) + 6 * 60_000);
    await home.send(lead('AB-4', { collected_at: ahead }));
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 0, refused: 1 });
  });
});

describe('a refused row', () => {
  it('stays visible with its reasons and no value, and makes nothing', async () => {
    await home.send(
      lead('R-1', { email: 'secret-at-nowhere', channel: 'fax' }),
      lead('R-2', { client_id: 'nobody' }),
      lead('R-3'),
    );
    const result = await home.intake().acceptBatch(200);
    expect(result).toMatchObject({ taken: 3, accepted: 1, refused: 2 });
    const refusals = await home.refusals();
    expect(refusals.map(({ reference, column, code }) => [reference, column, code])).toEqual([
      ['R-1', 'channel', 'NOT_ALLOWED_VALUE'],
      ['R-1', 'email', 'BAD_FORMAT'],
      ['R-2', 'client_id', 'UNKNOWN_CLIENT'],
    ]);
    expect(JSON.stringify(refusals)).not.toContain('secret');
    expect([await home.count('leads'), await home.count('lead_changes')]).toEqual([1, 1]);
  });

  it('is refused once: later rounds leave it alone', async () => {
    await home.send(lead('R-1', { channel: 'fax' }));
    await home.intake().acceptBatch(200);
    expect(await home.intake().acceptBatch(200)).toMatchObject({ taken: 0, waiting: 0 });
  });

  it('is listed for support, newest first, page by page, with a reference that may be a person left out', async () => {
    await home.send(
      lead('R-1', { channel: 'fax' }),
      lead('R-2', { rooms: 0 }),
      lead('elodie@example.test'),
      lead('R-4', { client_id: 'nobody' }),
    );
    await home.intake().acceptBatch(200);
    const all = await listRefusals(home.database);
    expect(all.map((one) => [one.clientId, one.reference, one.problems[0]?.code])).toEqual([
      ...[
        ['nobody', 'R-4', 'UNKNOWN_CLIENT'],
        ['acme', '', 'BAD_FORMAT'],
        ['acme', 'R-2', 'OUT_OF_RANGE'],
        ['acme', 'R-1', 'NOT_ALLOWED_VALUE'],
      ],
    ]);
    const page = await listRefusals(home.database, 'acme', { size: 2 });
    expect(page.map((one) => one.reference)).toEqual(['', 'R-2']);
    expect(
      (await listRefusals(home.database, 'acme', { size: 2, before: page.at(-1)?.id ?? '0' })).map(
        (one) => one.reference,
      ),
    ).toEqual(['R-1']);
  });
});

describe('the same row again', () => {
  it('is a duplicate: counted, removed, and changes nothing', async () => {
    await home.send(fullLead('D-1'));
    await home.intake().acceptBatch(200);
    await home.send(fullLead('D-1'));
    expect(await home.intake().acceptBatch(200)).toMatchObject({
      taken: 1,
      accepted: 0,
      duplicates: 1,
      leads: [],
    });
    expect([
      await home.count('lead_intake'),
      await home.count('leads'),
      await home.count('lead_changes'),
    ]).toEqual([0, 1, 1]);
  });

  it('within one batch counts once, and with other content is refused', async () => {
    await home.send(lead('D-1'), lead('D-1'), lead('D-1', { last_name: 'Durand-Test' }));
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 1, duplicates: 1, refused: 1 });
    expect(await home.refusals()).toMatchObject([
      { reference: 'D-1', column: 'reference', code: 'REFERENCE_USED' },
    ]);
  });

  it('with other content is refused, and says to send a correction', async () => {
    await home.send(lead('D-1'));
    await home.intake().acceptBatch(200);
    await home.send(lead('D-1', { city: 'Pau' }));
    await home.intake().acceptBatch(200);
    const [refused] = await home.refusals();
    expect([refused?.code, refused?.message.includes('correction')]).toEqual(['REFERENCE_USED', true]);
  });

  it('references differ by letter case and accents, byte by byte', async () => {
    await home.send(lead('ab-1e'), lead('AB-1E'));
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 2 });
  });

  it('holds for corrections and events too', async () => {
    await home.send(
      lead('D-1'),
      about('D-1', 'r-1', { kind: 'correction', city: 'Pau' }),
      about('D-1', 'r-1', { kind: 'correction', city: 'Pau' }),
    );
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 2, duplicates: 1 });
    await home.send(
      about('D-1', 'r-1', { kind: 'correction', city: 'Tarbes' }),
      about('D-1', 'r-1', { kind: 'consent', consents: JSON.stringify([grant()]) }),
    );
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 1, refused: 1 });
    expect(await home.refusals()).toMatchObject([{ column: 'row_reference', code: 'REFERENCE_USED' }]);
  });
});

describe('corrections, consent events and interactions', () => {
  const accepted = async (...rows: IntakeValues[]): Promise<void> => {
    await home.send(...rows);
    const result = await home.intake().acceptBatch(200);
    expect([await home.refusals(), result.accepted]).toEqual([[], rows.length]);
  };
  const stored = async (): Promise<Record<string, unknown> | undefined> =>
    (
      await home.database.all<Record<string, unknown>>(
        `SELECT l.revision, l.consent_revision, l.channel, p.last_name, p.email, p.city, f.rent, f.contribution
           FROM leads l JOIN prospects p ON p.lead_id = l.id LEFT JOIN lead_finances f ON f.lead_id = l.id`,
      )
    )[0];

  it('a correction changes what it names, blanks what it clears, and leaves the rest (C22)', async () => {
    await accepted(lead('C-1', { email: 'a@example.test', city: 'Pau', rent: 800 }));
    await accepted(
      about('C-1', 'r-1', {
        kind: 'correction',
        last_name: 'Durand-Test',
        clear_fields: 'email,rent',
        contribution: 1000,
        channel: 'callback',
      }),
    );
    expect(await stored()).toEqual({
      ...{
        revision: 2,
        consent_revision: 1,
        channel: 'callback',
        last_name: 'Durand-Test',
        email: null,
        city: 'Pau',
        rent: null,
        contribution: 1000,
      },
    });
    expect(await home.database.all('SELECT revision, kind FROM lead_changes ORDER BY id')).toEqual([
      ...[
        { revision: 1, kind: 'created' },
        { revision: 2, kind: 'corrected' },
      ],
    ]);
  });

  it('a consent event is added, never written over, and raises the consent revision', async () => {
    await accepted(fullLead('C-1'));
    await accepted(
      about('C-1', 'r-1', { kind: 'consent', consents: JSON.stringify([grant({ state: 'withdrawn' })]) }),
    );
    expect(await stored()).toMatchObject({ revision: 2, consent_revision: 2 });
    expect(await home.count('consents')).toBe(4);
    expect(await home.count("lead_changes WHERE kind = 'consent' AND revision = 2")).toBe(1);
  });

  it('an interaction is added', async () => {
    await accepted(lead('C-1'));
    await accepted(
      about('C-1', 'r-1', {
        kind: 'interaction',
        interactions: JSON.stringify([{ kind: 'chat', at: '2026-11-24T10:00:00Z', voluntary: true }]),
      }),
    );
    expect(await home.database.all('SELECT kind, voluntary FROM interactions')).toEqual([
      { kind: 'chat', voluntary: 1 },
    ]);
    expect(await stored()).toMatchObject({ revision: 2, consent_revision: 1 });
  });

  it('several in one batch apply in the order they were sent, each a revision, whatever the order of kinds', async () => {
    await accepted(
      about('C-1', 'r-1', { kind: 'correction', city: 'Pau' }),
      about('C-1', 'r-2', { kind: 'consent', consents: JSON.stringify([grant()]) }),
      lead('C-1', { city: 'Dax' }),
      about('C-1', 'r-3', { kind: 'correction', clear_fields: 'city' }),
      about('C-1', 'r-4', { kind: 'correction', city: 'Tarbes' }),
    );
    expect(await stored()).toMatchObject({ revision: 5, consent_revision: 2, city: 'Tarbes' });
    expect(
      (await home.database.all<{ kind: string }>('SELECT kind FROM lead_changes ORDER BY revision')).map(
        (one) => one.kind,
      ),
    ).toEqual([...['created', 'corrected', 'consent', 'corrected', 'corrected']]);
  });

  it('keep the earlier revision once, before anything changes, and only of leads that were there before', async () => {
    await accepted(
      lead('C-1', { city: 'Dax' }),
      lead('C-2'),
      about('C-2', 'r-0', { kind: 'correction', city: 'Pau' }),
    );
    expect(home.snapshots).toEqual([]);
    const seen: unknown[] = [];
    await home.send(
      about('C-1', 'r-1', { kind: 'correction', city: 'Pau' }),
      about('C-1', 'r-2', { kind: 'consent', consents: JSON.stringify([grant()]) }),
      about('C-2', 'r-3', { kind: 'correction', surface_min: 50, surface_max: 10 }),
    );
    await home
      .intake(async (tx, ids) => {
        seen.push(
          await tx.all(
            `SELECT l.reference, l.revision, p.city FROM leads l JOIN prospects p ON p.lead_id = l.id WHERE l.id IN (${inList(ids).marks})`,
            ids,
          ),
        );
      })
      .acceptBatch(200);
    expect(seen).toEqual([[{ reference: 'C-1', revision: 1, city: 'Dax' }]]);
  });

  it('that would leave nobody to reach, or a range upside down, are refused', async () => {
    await accepted(lead('C-1', { budget_max: 200000 }));
    await home.send(
      about('C-1', 'r-1', { kind: 'correction', clear_fields: 'last_name' }),
      about('C-1', 'r-2', { kind: 'correction', budget_min: 300000 }),
      about('C-1', 'r-3', { kind: 'correction', clear_fields: 'last_name', email: 'a@example.test' }),
      about('C-1', 'r-4', { kind: 'correction', clear_fields: 'email' }),
    );
    expect(await home.intake().acceptBatch(200)).toMatchObject({ accepted: 1, refused: 3 });
    expect((await home.refusals()).map((one) => [one.column, one.code])).toEqual([
      ...[
        ['clear_fields', 'REQUIRED'],
        ['budget_max', 'OUT_OF_RANGE'],
        ['clear_fields', 'REQUIRED'],
      ],
    ]);
  });

  it('on a lead nobody knows, or that was erased, are refused; so is its lead row sent anew', async () => {
    await accepted(lead('C-1'));
    await home.database.run("UPDATE leads SET erased_at = CURRENT_TIMESTAMP(3) WHERE reference = 'C-1'");
    await home.send(
      about('C-9', 'r-1', { kind: 'correction', city: 'Pau' }),
      about('C-1', 'r-1', { kind: 'correction', city: 'Pau' }),
      about('C-1', 'r-1', { kind: 'consent', consents: JSON.stringify([grant()]) }),
      lead('C-1', { city: 'Pau' }),
    );
    await home.intake().acceptBatch(200);
    expect((await home.refusals()).map((one) => one.code)).toEqual([
      'UNKNOWN_LEAD',
      'LEAD_ERASED',
      'LEAD_ERASED',
      'LEAD_ERASED',
    ]);
    expect(home.snapshots.flat()).toEqual([]);
  });

  it('C22: about an erased lead keep their names and their reasons, and nothing of the person, whatever they are refused for', async () => {
    const sent = about('C-1', 'r-0', { kind: 'correction', city: 'Pau' });
    await accepted(lead('C-1'), sent);
    await home.database.run("UPDATE leads SET erased_at = CURRENT_TIMESTAMP(3) WHERE reference = 'C-1'");
    // An erasure leaves noise where the digests of the rows were.
    await home.database.run("UPDATE intake_receipts SET digest = RPAD('x', 32, 'x')");
    await home.send(
      about('C-1', 'r-1', { kind: 'correction', last_name: 'Zzyzx' }),
      about('C-1', 'r-2', { kind: 'consent', consents: JSON.stringify([grant({ source: 'Zzyzx' })]) }),
      about('C-1', 'r-3', { kind: 'correction', last_name: 'Zzyzx', email: 'not an address' }),
      { ...sent, last_name: 'Zzyzx' },
      lead('C-2', { last_name: 'Zzyzx', email: 'not an address' }),
    );
    await home.intake().acceptBatch(200);
    await home.send(lead('C-1', { last_name: 'Zzyzx', comment: 'Zzyzx' }));
    await home.intake().acceptBatch(200);
    expect((await home.refusals()).map((one) => [one.reference, one.code])).toEqual([
      ['C-1', 'LEAD_ERASED'],
      ['C-1', 'LEAD_ERASED'],
      ['C-1', 'BAD_FORMAT'],
      ['C-1', 'LEAD_ERASED'],
      ['C-2', 'BAD_FORMAT'],
      ['C-1', 'LEAD_ERASED'],
    ]);
    const rows = await home.database.all<Record<string, unknown>>('SELECT * FROM lead_intake ORDER BY id');
    expect(rows.map((row) => [row['reference'], JSON.stringify(row).includes('Zzyzx')])).toEqual([
      ...['C-1', 'C-1', 'C-1', 'C-1'].map((reference) => [reference, false]),
      ['C-2', true],
      ['C-1', false],
    ]);
  });

  it('of another client with the same reference touch nothing', async () => {
    await home.database.run(
      "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('zeta', 'Zeta', 'Zeta SAS', '{}')",
    );
    await accepted(lead('C-1', { city: 'Dax' }));
    await home.send({ ...about('C-1', 'r-1', { kind: 'correction', city: 'Pau' }), client_id: 'zeta' });
    await home.intake().acceptBatch(200);
    expect((await home.refusals()).map((one) => one.code)).toEqual(['UNKNOWN_LEAD']);
    expect(await stored()).toMatchObject({ city: 'Dax', revision: 1 });
    await home.database.run("DELETE FROM clients WHERE id = 'zeta'");
  });

  it('pull in the lead they speak of, though it was sent after them and beyond the limit', async () => {
    await home.send(about('C-1', 'r-1', { kind: 'correction', city: 'Pau' }), lead('C-2'), lead('C-1'));
    expect(await home.intake().acceptBatch(1)).toMatchObject({ accepted: 2, refused: 0, waiting: 0 });
    expect(await stored()).toMatchObject({ city: 'Pau', revision: 2 });
  });
});
