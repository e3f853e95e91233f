// An act at the terminal: its command, its options by the fields of its declaration, its input from them, and who does it.
import { optionOf, type AnyAct, type Command } from './command.ts';
import type { App } from '../app.ts';
import { perform, typedFields, type Act, type Asked } from '../support/acts/act.ts';
import { wholeCentre } from '../support/place.ts';
import { out, withApp } from './terminal.ts';

/** Refuses what the act would, before the gateway is opened. @throws USAGE-001, USAGE-002 */
export function refuseInput(act: AnyAct, options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, field] of typedFields(act)) field.read(given[name], optionOf(name), new Date(0));
}

export const performHere = <Input extends object, Done>(
  app: App,
  act: Act<Input, Done, App>,
  asked: Asked,
): Promise<Done> => perform(app, act, { scope: wholeCentre, actor: app.config.actor }, asked);

interface Offered<Done> {
  readonly note?: string;
  readonly examples: readonly string[];
  /** The line that is printed. */
  readonly told: (done: Done, name: string) => string;
}

/** A command that does one act on what its one argument names. */
export function offers<Input extends object, Done>(
  command: Command,
  act: Act<Input, Done, App>,
  { note = '', examples, told }: Offered<Done>,
): void {
  command
    .fields(act)
    .examples(note, ...examples)
    .action((named: string | number, options: object) => {
      refuseInput(act, options);
      const name = String(named);
      return withApp(async (app) =>
        out(told(await performHere(app, act, { to: [name], input: options }), name)),
      );
    });
}
