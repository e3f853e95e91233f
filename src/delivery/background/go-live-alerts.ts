// Raises alerts about clients that receive leads, or should, while their go-live list is incomplete (C49 to C52).
// Invariant: one open alert per client, naming the clauses; it is closed once they are fulfilled, and one that a person has closed returns
// after a week.
import { civilDate } from '../../domain/civil-date.ts';
import { goLiveDefinitions, itemsMissing } from '../../domain/go-live.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import type { Database } from '../../store/database.ts';
import { standingsOfLive } from '../../store/destinations/notices.ts';
import { closeClientAlerts, lastClientAlerts, type LastAlert } from '../../store/alerts/tasks.ts';

const kind = 'go_live_incomplete';
const againSeconds = 7 * 86_400;

export async function watchGoLive(database: Database): Promise<void> {
  const today = civilDate(database.now());
  const told = await lastClientAlerts(database, kind);
  const live = await standingsOfLive(database);
  const owing = new Map(
    live.map(({ clientId, facts }) => [
      clientId,
      itemsMissing(facts, today)
        .map((item) => goLiveDefinitions[item].clause)
        .join('+'),
    ]),
  );
  const ended = [...told.values()].filter(
    ({ clientId, reason, isOpen }) => isOpen && (owing.get(clientId) ?? '') !== reason,
  );
  const begun = [...owing].filter(
    ([clientId, reason]) => reason !== '' && isToBeTold(told.get(clientId), reason),
  );
  if (ended.length + begun.length === 0) return;
  await database.transaction(async (tx) => {
    for (const { clientId } of ended) await closeClientAlerts(tx, kind, clientId);
    await raiseAlerts(
      tx,
      begun.map(([clientId, reason]) => ({ kind, clientId, reason })),
    );
  });
}

function isToBeTold(last: LastAlert | undefined, reason: string): boolean {
  if (last === undefined || last.reason !== reason) return true;
  return !last.isOpen && last.agoSeconds > againSeconds;
}
