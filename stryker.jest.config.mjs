// The unit tests that speak of the opt-in, as StrykerJS runs them.
import config from './jest.config.mjs';

// StrykerJS brings an environment of its own.
const [{ runtime: _runtime, testEnvironment: _environment, ...unit }] = config.projects;

export default {
  ...unit,
  testEnvironment: 'node',
  // The copy stands under .relais, where the other configuration looks for nothing.
  testPathIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: [],
  testMatch: [
    '<rootDir>/test/domain/consent*.unit.test.ts',
    '<rootDir>/test/mapping/consent/*.unit.test.ts',
    '<rootDir>/test/mapping/mistakes.unit.test.ts',
  ],
};
