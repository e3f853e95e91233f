// Compiles the title of a mail, its subject, which may hold nothing of a person.
// Invariant: one line without personal data, whatever the template says.
import type { DataCategory } from '../../domain/lead.ts';
import type { Scope } from '../scope.ts';
import { safeTitle } from './sheet.ts';
import type { Context } from './source.ts';
import { compileTemplate } from './template.ts';

/** Compiles `title:`; without one a mail names the programme. */
export function compileTitle(raw: unknown, scope: Scope): (context: Context) => string | undefined {
  if (typeof raw !== 'string') {
    if (!scope.sheet) return () => undefined;
    scope.blocks.add('project');
    return ({ lead }) =>
      lead.project.programme === undefined ? undefined : safeTitle(`Programme ${lead.project.programme}`);
  }
  const template = compileTemplate(raw, ['title'], {
    scope,
    categories: new Set<DataCategory>(),
    mode: 'sheet',
  });
  if (template?.person === true) {
    scope.report.error(['title'], 'MAP-214', [
      'le titre va dans l’objet d’un e-mail : il ne peut contenir aucune donnée de la personne.',
      "the title goes into a mail subject: it may not hold a person's data.",
    ]);
  }
  return (context) => {
    const text = template?.write(context);
    return text === undefined ? undefined : safeTitle(text);
  };
}
