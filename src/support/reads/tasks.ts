// Lists tasks, failed or undecided deliveries that need a person, and alerts.
// Invariant: a task of the whole gateway is shown to the centre alone.
import * as s from './columns.ts';
import {
  alertAdvice,
  whatToDo,
  type AlertAdvice,
  alertKinds,
  alertTitle,
  isTask,
  type AlertKind,
} from '../../domain/alert-kinds.ts';
import { listDeliveries } from '../../store/deliveries/delivery-lists.ts';
import {
  alertTasks,
  listAlerts,
  type AlertTask,
  type ListedAlert,
  type TaskFilter,
} from '../../store/alerts/tasks.ts';
import { advice, type Advice } from '../advice.ts';
import { alertText } from '../alert-words.ts';
import { rightsContact } from '../lead-rights.ts';
import { filterInScope } from '../named-text.ts';
import { pageOf, type Page, type PageAsked, type SupportPlace, type Scope } from '../place.ts';
import { reasonWords, type Both } from '../words.ts';
import { headOf, type DeliveryHead } from './deliveries.ts';

export type { TaskFilter } from '../../store/alerts/tasks.ts';
export type { AlertKind } from '../../domain/alert-kinds.ts';
export { alertKinds, isOfPlanning } from '../../domain/alert-kinds.ts';

/** A delivery that failed and was not closed, or waits for support's decision. */
export interface DeliveryTask {
  /** Its name for closing: the number of the delivery. */
  readonly task: string;
  readonly kind: 'failed' | 'decision';
  readonly delivery: DeliveryHead;
  readonly since: Date;
  readonly text: Both;
  readonly advice: readonly Advice[];
  /** Contact of the client, where only a letter or mail can notify the recipient. */
  readonly contact: string | undefined;
}

const column = <T>(schema: s.Schema, of: (alert: AlertTask) => T) => ({ schema, of });

export const alertColumns = {
  task: column(s.text('by which it is closed'), ({ id }) => `A${id}`),
  id: column(s.whole(), ({ id }) => id),
  kind: column(s.oneOf(alertKinds), ({ kind }) => kind),
  title: column(s.text('French, English'), ({ kind }) => alertTitle(kind)),
  whatToDo: column(s.text('French'), whatToDo),
  isTask: column(s.flag('it asks for a person'), ({ kind }) => isTask(kind)),
  client: column(s.text(), ({ clientId }) => clientId),
  destination: column(s.text(), ({ destinationId }) => destinationId),
  delivery: column(s.orNull(s.whole()), ({ deliveryId }) => (deliveryId === 0 ? null : deliveryId)),
  reason: column(s.text(), ({ reason }) => reason),
  text: column(s.bothWords, ({ kind, reason }) => alertText(kind, reason)),
  raisedAt: column(s.moment(), ({ raisedAt }) => raisedAt),
};
export interface AlertHead extends s.RecordOf<typeof alertColumns> {
  readonly advice: AlertAdvice;
}
type RaisedAlert = AlertHead & Pick<ListedAlert, 'sentAt' | 'closedAt'>;

const alertHead = (alert: AlertTask): AlertHead => ({
  ...s.recordOf(alertColumns, alert),
  advice: alertAdvice(alert),
});

/** Deliveries that need a person, newest first. @throws FIND-001 */
export async function deliveryTasksPage(
  { database, reading }: SupportPlace,
  scope: Scope,
  asked: TaskFilter,
  { limit, after }: PageAsked,
): Promise<Page<DeliveryTask>> {
  const filter = await filterInScope(reading, scope, asked);
  const rows = await listDeliveries(reading, { ...filter, open: true }, limit + 1, after);
  const page = pageOf(rows, limit, ({ id }) => id);
  const items: DeliveryTask[] = [];
  for (const row of page.items)
    items.push({
      task: String(row.id),
      kind: row.state === 'failed' ? 'failed' : 'decision',
      delivery: headOf(row),
      since: row.settledAt ?? row.createdAt,
      text: reasonWords(row.reason),
      advice: scope.clientId === undefined ? advice(row) : [],
      contact: scope.clientId === undefined ? await rightsContact(database, row) : undefined,
    });
  return { ...page, items };
}

/** The newest open alerts that need a person and have no task of their delivery. @throws FIND-001 */
export async function openAlerts(
  { reading }: SupportPlace,
  scope: Scope,
  asked: TaskFilter,
  limit: number,
): Promise<readonly AlertHead[]> {
  const filter = await filterInScope(reading, scope, asked);
  return (await alertTasks(reading, filter, limit)).map(alertHead);
}

/** Alerts as they were raised, newest first. @throws FIND-001 */
export async function alertsPage(
  { reading }: SupportPlace,
  scope: Scope,
  asked: TaskFilter & { readonly kind?: AlertKind; readonly since?: Date },
  { limit, after }: PageAsked,
): Promise<Page<RaisedAlert>> {
  const filter = await filterInScope(reading, scope, asked);
  const rows: readonly ListedAlert[] = await listAlerts(
    reading,
    filter,
    limit + 1,
    after ?? Number.MAX_SAFE_INTEGER,
  );
  return pageOf(
    rows.map((row) => ({ ...alertHead(row), sentAt: row.sentAt, closedAt: row.closedAt })),
    limit,
    ({ id }) => id,
  );
}
