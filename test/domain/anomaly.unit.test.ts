// What does not conform in a lead, rule by rule.
import {
  entityAnomalies,
  noticeAnomalies,
  optInName,
  purchaseAnomalies,
  unanswered,
} from '../../src/domain/anomaly.ts';
import type { ConsentRecord } from '../../src/domain/lead.ts';
import type { Notice } from '../../src/domain/destination.ts';

const at = new Date('2026-11-20T09:15:00Z');
const web: Notice = { version: 'web-3', channel: 'web_form', from: '2026-02-28T23:00:00.000Z' };
const notices = [web, { ...web, version: 'voice-2', channel: 'inbound_call' as const }];
const lead = { channel: 'web_form' as const, collectedAt: at };
const answer = (more: Partial<ConsentRecord> = {}): ConsentRecord => ({
  ...{ purpose: 'marketing', channel: 'phone', state: 'granted', recordedAt: at },
  ...more,
});

describe('C14: the notice a lead names', () => {
  test.each([
    ['is listed for its channel and in use', 'web-3', 'web_form', at, []],
    ['is listed by nobody', 'web-9', 'web_form', at, ['notice_unknown']],
    ['is compared as it is written', 'WEB-3', 'web_form', at, ['notice_unknown']],
    ['belongs to another channel', 'voice-2', 'web_form', at, ['notice_not_in_force']],
    ['was in use at the very instant', 'web-3', 'web_form', new Date(web.from), []],
    ['was not in use yet', 'web-3', 'web_form', new Date(Date.parse(web.from) - 1), ['notice_not_in_force']],
    ['is missing where the channel has one', undefined, 'web_form', at, ['notice_missing']],
    ['is missing where the channel has none', undefined, 'callback', at, []],
    ['is missing before there was one', undefined, 'web_form', new Date('2026-01-01'), []],
  ] as const)('%s', (_, notice, channel, collectedAt, kinds) => {
    const found = noticeAnomalies({ channel, collectedAt, notice }, notices);
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
    expect(found.map(({ detail }) => detail)).toEqual(kinds.map(() => notice ?? ''));
  });
  test('without a list no version is known, and none is asked for', () => {
    expect(noticeAnomalies({ ...lead, notice: 'web-3' }, [])).toMatchObject([{ kind: 'notice_unknown' }]);
    expect(noticeAnomalies(lead, [])).toEqual([]);
  });
});

test('C54: bought without a proof, whether the lead says so or names who sold it', () => {
  const judged = (more: object) => purchaseAnomalies({ ...lead, ...more }).map(({ detail }) => detail);
  expect([
    judged({}),
    judged({ acquisition: 'collected' }),
    judged({ acquisition: 'bought' }),
    judged({ acquisition: 'bought', seller: 'factory', consentProof: 'absent' }),
    judged({ acquisition: 'collected', seller: 'factory' }),
    judged({ acquisition: 'bought', seller: 'factory', consentProof: 'present' }),
  ]).toEqual([[], [], [''], ['factory'], ['factory'], []]);
});

test('C16: a question that was not put is an answer; silence is a question missed', () => {
  const needs = [
    { purpose: 'marketing' as const, channel: 'email' as const },
    { purpose: 'marketing' as const, channel: 'phone' as const },
  ];
  expect(unanswered(needs, []).map(optInName)).toEqual(['marketing.email', 'marketing.phone']);
  expect(unanswered(needs, [answer({ state: 'not_asked' })]).map(optInName)).toEqual(['marketing.email']);
  expect(unanswered(needs, [answer({ purpose: 'partners' })]).map(optInName)).toHaveLength(2);
});

test('C16b: a grant that names a company which is nobody’s, once for each opt-in', () => {
  const ours = new Set(['ESSAI PROMOTION']);
  expect(
    entityAnomalies(
      [
        answer({ legalEntity: 'Essai Promotion, S.A.S.' }),
        answer({ legalEntity: 'Autre SARL' }),
        answer({ legalEntity: 'Encore une autre' }),
        answer({ legalEntity: 'Autre SARL', channel: 'email' }),
        answer({ legalEntity: 'Autre SARL', channel: 'sms', state: 'refused' }),
        answer({ channel: 'post' }),
      ],
      ours,
    ),
  ).toEqual([
    { kind: 'other_entity', detail: 'marketing.phone' },
    { kind: 'other_entity', detail: 'marketing.email' },
  ]);
  expect(entityAnomalies([answer({ legalEntity: 'Autre SARL' })], new Set())).toEqual([]);
});
