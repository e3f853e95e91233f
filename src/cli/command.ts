// A command of the terminal: commander's own, with the options that many commands share and the gateway opened for its work.
// Invariant: each way adds one thing and returns the command, so that a declaration reads from its name to its work.
import { Command as Commander, Option } from 'commander';
import type { Action } from '../../connectors/contract.ts';
import type { App } from '../app.ts';
import { filterConditions } from '../domain/delivery-filter.ts';
import { typedFields, perform, type Act, type Asked } from '../support/acts/act.ts';
import { filterNames } from '../support/reads/filter.ts';
import { withApp, out } from './terminal.ts';
import { wholeCentre } from '../support/place.ts';
import type { Language } from '../support/words.ts';

export type AnyAct = Parameters<typeof typedFields>[0];

export const optionOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (sign) => `-${sign.toLowerCase()}`)}`;

/** Names of option values that differ from the condition's own name. */
const placeholders: Readonly<Partial<Record<string, string>>> = {
  cause: 'code',
  since: 'date',
  until: 'date',
  lead: 'reference',
};

type Words<Text extends string> = Text extends `${infer One} ${infer Rest}` ? One | Words<Rest> : Text;

/** Options without a value. */
type Flag =
  | Words<'all check delete dryRun files json keep leads local none notReceived olderLedger open over'>
  | Words<'portability purged remove reveal samples sandbox seals showValues unsent yes'>;
/** Options that may be repeated. */
type Several =
  | Words<'address category channel clear covers intakeHost lead purpose recipient role row scope set'>
  | Words<'target withoutLedger'>;
type Count = Words<'after days instruction last limit'>;

type Value<Name extends string> = Name extends Flag
  ? boolean
  : Name extends Several
    ? readonly string[]
    : Name extends Count
      ? number
      : Name extends 'lang'
        ? Language
        : Name extends 'action'
          ? Action
          : string;

/** The options of a command by their names, as its work gets them: `client! reason yes`; `!` marks what is always there. */
export type Given<Names extends string> = {
  readonly [
    Name in Words<Names> as Name extends `${infer Always}!` ? Always : never
  ]: Name extends `${infer Always}!` ? Value<Always> : never;
} & { readonly [Name in Words<Names> as Name extends `${string}!` ? never : Name]?: Value<Name> };

export class Command extends Commander {
  override createCommand(name?: string): Command {
    return new Command(name);
  }

  /** Examples below the help; a test checks that every command has some. */
  examples(note: string, ...lines: readonly string[]): this {
    const title = lines.length === 1 ? 'Example' : 'Examples';
    return this.addHelpText(
      'after',
      `\n${note === '' ? '' : `${note}\n\n`}${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    );
  }

  /** For every command that prints a list or a fact. */
  json(): this {
    return this.option('--json', 'one JSON object a line');
  }

  fields(act: AnyAct): this {
    for (const [name, { schema, help, isOptional }] of typedFields(act))
      this.option(
        schema.type === 'boolean' ? optionOf(name) : `${optionOf(name)} <text>`,
        isOptional === true ? help : `${help}; mandatory`,
      );
    return this;
  }

  /** The filters of a list and of a replay are the same, so that the list shows the deliveries that the replay covers. */
  filters(): this {
    for (const name of filterNames) {
      const { schema, help } = filterConditions[name];
      const forms = name === 'since' ? ': 2026-11-25, 2026-11-25T14:00, or an age: 2h, 7d' : '';
      const option = new Option(`--${name} <${placeholders[name] ?? name}>`, `${help}${forms}`);
      this.addOption(schema.enum === undefined ? option : option.choices(schema.enum));
    }
    return this;
  }

  /** Opens the gateway for the work, which is given the arguments and the options. */
  gateway<Given extends readonly unknown[]>(work: (app: App, ...given: Given) => Promise<void>): this {
    // Commander adds the command itself, behind them.
    return this.action((...given: readonly unknown[]) =>
      withApp((app) => work(app, ...(given.slice(0, -1) as unknown as Given))),
    );
  }
}

// An act at the terminal: its command, its options by the fields of its declaration, its input from them, and who does it.

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
