import { MemoryCounters } from "../../state/memory_counters.ts";
import { testCounterConformance } from "./counter_conformance.ts";

testCounterConformance("memory", () => {
  let now = 0;
  const counters = new MemoryCounters({ now: () => now });
  const setClock = (time: number) => void (now = time);
  return Promise.resolve({ counters, setClock, close: () => Promise.resolve() });
});
