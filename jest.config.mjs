// `unit`: test/**/*.unit.test.ts, no services. `integration`: every other test/**/*.test.ts, beside a private MariaDB and Redis that
// are started once for all of them. `statements`, after a whole run: every statement that the others were seen to make. `laboratory`:
// suites of `npm run lab`, where they are named.
// TypeScript goes through swc to CommonJS: no type check here (tsc does that in `npm run check`).

const base = {
  rootDir: import.meta.dirname,
  // Half of the processor's time went into compiling and evaluating the same modules for each file, and into reaching globals.
  testEnvironment: '<rootDir>/test/support/plain-environment.ts',
  runtime: '<rootDir>/test/support/kept-modules.ts',
  transform: {
    '^.+\\.(ts|mts|js|mjs)$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'commonjs', ignoreDynamic: false },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleFileExtensions: ['ts', 'mjs', 'js', 'cjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/.relais/', '<rootDir>/coverage/'],
  testPathIgnorePatterns: ['/node_modules/', '/.relais/'],
  // Their packages name an entry for `import` only.
  moduleNameMapper: {
    '^canonicalize$': '<rootDir>/node_modules/canonicalize/lib/canonicalize.js',
    '^json-schema-faker$': '<rootDir>/node_modules/json-schema-faker/dist/index.js',
  },
  // Packages that are ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(?:.*/node_modules/)?(?:css-select|css-what|boolbase|nth-check|htmlparser2|d3-[a-z-]+|internmap|domhandler|domutils|domelementtype|dom-serializer|entities|jose|oauth4webapi|oauth2-mock-server|is-plain-obj|age-encryption|@noble|@scure|canonicalize|json-schema-faker|@seriousme)/)',
  ],
  setupFilesAfterEnv: ['<rootDir>/test/support/patience.ts', '<rootDir>/test/support/imported-tools.ts'],
};

const services = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

export default {
  // Most suites wait for servers and clocks, not for the processor.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/sequencer.ts',
  reporters: ['default', '<rootDir>/test/support/longest-files.ts'],
  // A worker that has grown is begun anew between two files: a heap of gigabytes collects for seconds.
  workerIdleMemoryLimit: '1200MB',
  // A worker with nothing left to do still has its heap to give back, for longer than half a second on a busy machine: only who
  // has kept a handle open is told to have failed.
  workerGracefulExitTimeout: 15_000,
  collectCoverageFrom: ['src/**/*.ts', 'connectors/**/*.ts'],
  coverageDirectory: 'coverage',
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.unit.test.ts'],
    },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/**/*.test.ts', '!**/*.unit.test.ts', '!**/test/{statements,lab}/**'],
      ...services,
    },
    {
      ...base,
      displayName: 'statements',
      testMatch: ['<rootDir>/test/statements/*.test.ts', '!**/*.unit.test.ts'],
      ...services,
    },
    {
      ...base,
      displayName: 'laboratory',
      testMatch: ['<rootDir>/test/lab/**/*.test.ts', '!**/*.unit.test.ts'],
      ...services,
    },
  ],
};
