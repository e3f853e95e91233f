// Rows of lead_intake become leads: whole, once, in order; or a refusal everyone can see.
import { lead, fullLead, openIntakeHome, type IntakeHome } from './intake-support.ts';

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
    expect(await home.count('intake_receipts')).toBe(1);
    expect(await home.database.all('SELECT revision, kind FROM lead_changes')).toEqual([
      { revision: 1, kind: 'created' },
    ]);
  });

  it('without a word on money leaves no financial row', async () => {
    await home.send(lead('AB-2'));
    await home.intake().acceptBatch(200);
    expect([await home.count('leads'), await home.count('lead_finances')]).toEqual([1, 0]);
  });
});
