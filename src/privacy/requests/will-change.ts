// Previews the leads and answers that an objection or a withdrawal would change. Reads only.
// Invariant: judged by the rules that apply it: an unselected lead changes too where it shares an address with a selected one.
import { optInName } from '../../domain/anomaly.ts';
import { currentConsent } from '../../domain/consent.ts';
import type { ConsentRecord, ConsentState } from '../../domain/lead.ts';
import { oppositionSource, type OptIn } from '../../domain/opposition.ts';
import { repeatSource, takenBackBy } from '../../domain/repeated-withdrawals.ts';
import { readConsents } from '../../store/consents.ts';
import type { Sql } from '../../store/database.ts';
import type { RequestSubject } from '../../store/request-subjects.ts';
import type { Request } from '../../store/requests.ts';
import { optInsOf } from './opt-outs.ts';

export interface ChangingAnswer {
  /** `marketing.email` */
  readonly optIn: string;
  /** The present answer; undefined: none was recorded. */
  readonly before: ConsentState | undefined;
}

export interface ChangingLead {
  readonly reference: string;
  readonly ifTicked: readonly ChangingAnswer[];
  /** Unselected leads that share an address with a selected one. */
  readonly besides: readonly ChangingAnswer[];
}

export async function leadsThatChange(
  sql: Sql,
  request: Request,
  subjects: readonly RequestSubject[],
): Promise<readonly ChangingLead[]> {
  const leads = subjects.filter(({ kind, erasedAt }) => kind === 'lead' && erasedAt === null);
  const consents = await readConsents(
    sql,
    leads.map(({ subjectId }) => subjectId),
  );
  const [optIns, now] = [optInsOf(request), sql.now()];
  return leads.flatMap(({ subjectId, reference }) => {
    const own = consents.get(subjectId) ?? [];
    const answer = (optIn: OptIn): ChangingAnswer => ({
      optIn: optInName(optIn),
      before: currentConsent(own, optIn.purpose, optIn.channel, now)?.state,
    });
    const spread = takenBackBy(own, said(request, optIns, now), now).map(answer);
    const ifTicked =
      request.kind === 'objection'
        ? spread
        : optIns.map(answer).filter(({ before }) => before !== 'withdrawn');
    return reference === null ? [] : [{ reference, ifTicked, besides: spread }];
  });
}

/** As it would be recorded now. */
const said = ({ kind }: Request, optIns: readonly OptIn[], now: Date): readonly ConsentRecord[] =>
  optIns.map((optIn) => ({
    ...optIn,
    state: 'withdrawn',
    recordedAt: now,
    receipt: Number.MAX_SAFE_INTEGER,
    source: kind === 'objection' ? oppositionSource : repeatSource(0),
  }));
