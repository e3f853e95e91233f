// Bugs to plant in what says how long a lead is kept, and in what carries it out.
import { one, type YearsPlant } from './plant.ts';

const retention = 'src/domain/retention.ts';

export const retentionPlants: readonly YearsPlant[] = [
  {
    name: 'one month more after an operation',
    patches: one(
      retention,
      "const afterEnd: Delay = { count: 2, unit: 'month' };",
      "const afterEnd: Delay = { count: 3, unit: 'month' };",
    ),
    red: ['tooLong'],
    company: 'A',
    like: /the end of its operation/,
  },
  {
    name: 'two months are sixty days',
    patches: one(
      retention,
      "const afterEnd: Delay = { count: 2, unit: 'month' };",
      "const afterEnd: Delay = { count: 60, unit: 'day' };",
    ),
    red: ['tooLong', 'tooEarly'],
    company: 'B',
    like: /the end of its operation/,
  },
  {
    name: 'six years instead of five',
    patches: one(retention, 'const capYears = 5;', 'const capYears = 6;'),
    red: ['tooLong'],
    company: 'A',
    like: /the fifth 1 January/,
  },
  {
    name: 'anonymised a month early',
    patches: one(retention, 'export const anonymiseMonths = 36;', 'export const anonymiseMonths = 35;'),
    red: ['tooEarly'],
    company: 'A',
    like: /its last sign/,
  },
  {
    name: 'anonymised a month late',
    patches: one(retention, 'export const anonymiseMonths = 36;', 'export const anonymiseMonths = 37;'),
    red: ['tooLong'],
    company: 'B',
    like: /its last sign/,
  },
  {
    name: 'relayed for three years',
    patches: one(retention, 'export const inactiveMonths = 24;', 'export const inactiveMonths = 35;'),
    red: ['inactive'],
    company: 'A',
  },
  {
    name: "the client's delay is not read",
    patches: one(
      retention,
      'addDelay(endsOn, delay ?? afterEnd)',
      'addDelay(endsOn, delay === undefined ? afterEnd : afterEnd)',
    ),
    red: ['tooLong', 'tooEarly'],
    company: 'C',
    like: /an instruction/,
  },
  {
    name: 'days of UTC',
    // Between the two midnights a lead has another date.
    patches: one('src/domain/civil-date.ts', "const zone = 'Europe/Paris';", "const zone = 'UTC';"),
    red: ['tooLong', 'tooEarly'],
    company: 'D',
  },
  {
    name: 'months that run over',
    // 31 January and a month is 3 March.
    patches: one(
      'src/domain/civil-date.ts',
      'return dateText(toYear, toMonth, Math.min(day, daysIn(toYear, toMonth)));',
      'return addDays(dateText(toYear, toMonth, 1), day - 1 + 0 * daysIn(toYear, toMonth));',
    ),
    red: ['tooLong'],
    company: 'E',
    like: /the end of its operation/,
  },
  {
    name: 'each request for itself',
    patches: one(
      'src/store/retention/retention-candidates.ts',
      'siblings.get(id)?.add(other);',
      'siblings.get(id)?.add(id + 0 * other);',
    ),
    red: ['tooEarly'],
    company: 'C',
    like: /its last sign/,
  },
  {
    name: 'what we send is a sign',
    patches: one(
      'src/store/retention/retention-candidates.ts',
      'AND i.voluntary = 1)',
      'AND i.voluntary >= 0)',
    ),
    red: ['tooLong'],
    company: 'E',
    like: /its last sign/,
  },
  {
    name: 'restricted, and deleted all the same',
    patches: one(
      'src/retention/leave.ts',
      'return new Set([...restricted, ...untold]);',
      'return new Set([...untold].filter((id) => !held.has(id)));',
    ),
    red: ['restricted'],
    company: 'B',
    like: /(?:purged|anonymised) on/,
  },
  {
    name: 'rows of an ended operation come back',
    patches: one(
      'src/intake/too-late.ts',
      'if (!isDue(retention, today)) return undefined;',
      "if (!isDue(retention, today) || today !== '') return undefined;",
    ),
    red: ['ended'],
    company: 'B',
  },
  {
    name: 'what is turned away stays',
    patches: one(
      'src/intake/too-late.ts',
      'overCodes.some((code) => text.includes(`"${code}"`));',
      "overCodes.some((code) => text === code + '');",
    ),
    red: ['remains'],
    company: 'C',
    like: /turned away/,
  },
  {
    name: 'a person who goes leaves the refused rows',
    patches: one('src/retention/leave.ts', 'formerOnly });', 'formerOnly: new Set(leadIds) });'),
    red: ['remains'],
    company: 'B',
    like: /^lead_intake/,
  },
  {
    name: 'marked as gone, and nothing removed',
    // One of the two alone does the other's work: nothing is under way in these nights.
    patches: [
      ...one('src/retention/leave.ts', 'await blankLead(tx, leadId, clientId, reference, revision + 1);', ''),
      ...one(
        'src/retention/run.ts',
        'await dissolve(tx, free);',
        'if (free.length < 0) await dissolve(tx, free);',
      ),
    ],
    red: ['remains'],
    company: 'F',
    like: /^prospects/,
  },
  {
    name: 'an erased lead breaks the run',
    patches: one(
      'src/retention/leave.ts',
      'const opposed: Handover[] = [];',
      "const opposed: Handover[] = lead.erased ? (JSON.parse('') as Handover[]) : [];",
    ),
    red: ['broken'],
    company: 'F',
    like: /internal_error: RETENTION/,
  },
  {
    name: 'a request of last year is turned away',
    patches: one(
      'src/intake/too-late.ts',
      'if (operation === undefined && now.getTime() - collectedAtOf(row).getTime() < youngMs) return true;',
      `if (operation === undefined && now.getTime() - collectedAtOf(row).getTime() < youngMs) {
      const isOld = civilDate(collectedAtOf(row)).slice(0, 4) < civilDate(now).slice(0, 4);
      if (isOld) refuse(candidate, [refusal('collected_at', 'RETENTION_ENDED')]);
      return !isOld;
    }`,
    ),
    red: ['lost'],
    company: 'F',
    like: /was not taken in/,
  },
];
