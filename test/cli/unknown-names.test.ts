// A client or destination that does not exist is reported by every command that lists, and not answered with an empty list.
import { allOf, relaisProgram } from '../../src/cli/program.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf, type Relais } from './terminal.ts';

let gateway: Gateway;
let relais: Relais;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
});
afterAll(() => gateway.close());

const pathOf = (command: ReturnType<typeof allOf>[number]): string =>
  command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
const asked = allOf(relaisProgram()).flatMap((command) =>
  ['list', 'refusals'].includes(command.name())
    ? ['--client', '--destination']
        .filter((name) => command.options.some(({ long }) => long === name))
        .map((name) => `${pathOf(command)} ${name}`)
    : [],
);

test('there are such commands', () => {
  expect(asked.length).toBeGreaterThan(10);
});

test.each(asked)('relais %s nobody', async (line) => {
  expect(await relais(...line.split(' '), 'nobody')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^FIND-001 No (?:client|destination) is called nobody/) as string,
  });
});
