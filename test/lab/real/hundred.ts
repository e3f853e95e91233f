// A hundred leads: the trial's twenty five times over, as other persons, some of whose records the client's people copy; and what the
// CRM's own database must show of each at the end.
// Invariant: pure; every round meets every fault of the trial.
import { trialLeads, type TrialLead } from '../../../sandbox/trial/leads.ts';

const rounds = 5;

export const hundredLeads: readonly TrialLead[] = Array.from({ length: rounds }, (_, round) =>
  trialLeads.map((lead) => (round === 0 ? lead : asAnother(lead, round))),
).flat();

/** Their names stay: each has namesakes. */
function asAnother(lead: TrialLead, round: number): TrialLead {
  const { person, reference, later, ...rest } = lead;
  const moved = (phone: string): string =>
    phone.replace(/\d{4}$/, (digits) => String(Number(digits) + round * 1_000).padStart(4, '0'));
  return {
    ...rest,
    reference: reference.replace('TR-', `TR-${round}`),
    person: {
      ...person,
      ...(person.email === undefined ? {} : { email: person.email.replace('@', `.${round}@`) }),
      ...(person.mobile === undefined ? {} : { mobile: moved(person.mobile) }),
    },
    ...(later === undefined
      ? {}
      : {
          later: later.map((change) =>
            change.kind === 'correction' && change.columns['mobile'] !== undefined
              ? { ...change, columns: { mobile: moved(change.columns['mobile']) } }
              : change,
          ),
        }),
    ...copied(reference, round),
  };
}

/** What is copied there, and is erased or withdrawn afterwards. */
function copied(reference: string, round: number): Partial<TrialLead> {
  if (round > 3) return {};
  switch (reference) {
    case 'TR-03':
    case 'TR-08':
    case 'TR-11':
      return { copiedThere: true, later: [{ kind: 'erasure' }], end: undefined };
    case 'TR-09':
      return {
        copiedThere: true,
        later: [{ kind: 'withdrawal', channel: 'phone' }],
        end: { email: true, phone: false },
      };
    default:
      return {};
  }
}

/** @param rows of the database: reference, then 1, 0 or nothing for e-mail and phone @returns what does not agree, a line each */
export function inItsDatabase(
  leads: readonly TrialLead[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const known = new Set(leads.map(({ reference }) => reference));
  const wanted = (may: boolean | undefined): string => (may === undefined ? '' : may ? '1' : '0');
  return [
    ...leads.flatMap(({ reference, shows, end, copiedThere }) => {
      const own = rows.filter(([name]) => name === reference);
      const count = end === undefined ? 0 : copiedThere === true ? 2 : 1;
      const right = `${wanted(end?.email)}/${wanted(end?.phone)}`;
      const wrong = own.map(([, email = '', phone = '']) => `${email}/${phone}`).filter((is) => is !== right);
      return [
        ...(own.length === count
          ? []
          : [`${reference} (${shows}): ${own.length} rows in its database, not ${count}`]),
        ...wrong.map((is) => `${reference} (${shows}): its database says ${is}, and the answer is ${right}`),
      ];
    }),
    ...rows
      .filter(([name = '']) => !known.has(name))
      .map(([name]) => `its database has ${name}, which no lead explains`),
  ];
}
