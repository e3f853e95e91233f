// Runs before every integration test file: real servers need more patience than Jest's five seconds.
jest.setTimeout(30_000);
