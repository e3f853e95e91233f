// Opens the authorised place of a file, works there, closes it, and turns every failure into an outcome.
// Invariant: the place is authorised before a socket opens.
import type { Evidence, Outcome, SendContext } from '../contract.ts';
import { bareHost, endingOf, startDeadline } from '../guard.ts';
import { dropCodeOf, dropOutcomeOf, type Drop } from './drop.ts';
import { failureOutcome, withWhatStands } from './outcome.ts';
import type { FlowSettings } from './settings.ts';
import { isLocal, transportOf } from './transports.ts';
import type { UploadProgress } from './upload.ts';

/** @param renew begins the time of the attempt anew after progress */
type Work = (drop: Drop, seen: () => Evidence, renew: () => void) => Promise<Outcome>;

export async function atDrop(
  settings: FlowSettings,
  context: SendContext,
  progress: () => UploadProgress,
  work: Work,
): Promise<Outcome> {
  if (!mayReach(settings, context)) return { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
  const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
  const { hosts, open } = transportOf(settings.server);
  if (open === undefined) return { kind: 'unknown', reason: 'NO_LOOKUP' };
  const [host] = hosts(settings.server);
  const seen = (): Evidence => ({
    ...(host === undefined ? {} : { host: bareHost(host) }),
    durationMs: deadline.elapsedMs(),
  });
  try {
    deadline.leave();
    const drop = await open(settings.server, context, deadline);
    try {
      return await deadline.race(work(drop, seen, deadline.renew));
    } finally {
      await drop.close();
    }
  } catch (error) {
    const said = dropOutcomeOf(error);
    if (said !== undefined) return withWhatStands(said, progress());
    const code = endingOf(error) ?? dropCodeOf(error);
    if (code === undefined) throw error;
    return failureOutcome(code, progress(), seen());
  } finally {
    deadline.clear();
  }
}

export function mayReach({ to, server }: FlowSettings, context: SendContext): boolean {
  const targets = transportOf(server).handOver?.targets(to) ?? [to];
  const allowed = new Set([
    ...context.allowedTargets,
    ...context.allowedTargets.map((one) => one.toLowerCase()),
  ]);
  if (!targets.every((target) => allowed.has(target))) return false;
  // A folder of this machine is the operator's: a mapping file alone must not choose where leads are written in clear.
  // Compared as written: on a disk /srv/Demo and /srv/demo differ.
  return !isLocal(server) || context.network.allowPlaintext || context.allowedTargets.includes(server.folder);
}
