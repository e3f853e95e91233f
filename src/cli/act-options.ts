// An act at the terminal: its options by the fields of its declaration, its input from them, and who does it.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { fieldsOf, perform, type Act, type Asked } from '../support/acts/act.ts';
import { wholeCentre } from '../support/scope.ts';

type AnyAct = Parameters<typeof fieldsOf>[0];

const optionOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (sign) => `-${sign.toLowerCase()}`)}`;

/** The fields that are typed one by one: neither a filter nor the number that is confirmed. */
const typedFields = (act: AnyAct): ReturnType<typeof fieldsOf> =>
  fieldsOf(act).filter(([, { schema }]) => schema.type === 'string' || schema.type === 'boolean');

export function withFields(command: Command, act: AnyAct): Command {
  for (const [name, { schema, help, isOptional }] of typedFields(act))
    command.option(
      schema.type === 'boolean' ? optionOf(name) : `${optionOf(name)} <text>`,
      isOptional === true ? help : `${help}; mandatory`,
    );
  return command;
}

/** Refuses what the act would, before the gateway is opened. @throws USAGE-001, USAGE-002 */
export function refuseInput(act: AnyAct, options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, field] of typedFields(act)) field.read(given[name], optionOf(name), new Date(0));
}

export const performHere = <Input extends object, Done>(
  app: App,
  act: Act<Input, Done>,
  asked: Asked,
): Promise<Done> => perform(app, act, { scope: wholeCentre, actor: app.config.actor }, asked);
