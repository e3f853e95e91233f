// The part of undici that sends requests. The whole package loads fetch, caches and websockets as well, two thirds of it, which stay in memory.
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
