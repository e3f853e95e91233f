// Reports calls by GET that would lose data: a GET has no body and only reads an id for a later call.
// Invariant: a GET alone never counts as the delivery of a lead, and no value or opt-in is lost in its missing body.
import type { Path, Report } from '../document/problems.ts';
import { textAt } from '../document/yaml.ts';

/** @param call undefined for the one request of an action */
export function reportReading(
  settings: unknown,
  call: { readonly columns: readonly string[]; readonly captures: readonly string[] } | undefined,
  path: Path,
  report: Report,
): void {
  if (textAt(settings, 'method') !== 'GET') return;
  if (call === undefined)
    report.error(path, 'MAP-658', [
      'un GET ne transmet rien : seul l’un de plusieurs appels peut en être un.',
      'GET tells the recipient nothing: only one of several calls may be one.',
    ]);
  else if (call.columns.length > 0)
    report.error(path, 'MAP-658', [
      'un appel par GET n’a pas de corps : ses champs et opt-in vont dans un autre appel.',
      'a call by GET has no body: its fields and opt-ins belong to another call.',
    ]);
  else if (call.captures.length === 0)
    report.error(path, 'MAP-658', [
      'un appel par GET sert à un identifiant dont un appel suivant a besoin : prenez-le avec capture.',
      'a call by GET is there for an id that a later call needs: capture it.',
    ]);
}
