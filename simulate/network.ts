import type { Random } from "../src/cli/random.ts";
import type { Schedule } from "./schedule.ts";

/** How bad the network is: probabilities, of each message. */
export interface Weather {
  lost: number;
  replyLost: number;
  twice: number;
  /** Of a delay of seconds: its message arrives when the client has long sent it again. */
  slow: number;
}

const CALM: Weather = { lost: 0, replyLost: 0, twice: 0, slow: 0 };

/** Carries messages from clients to objects and answers back: late, out of order, twice or not at all. */
export class Network {
  weather: Weather;
  readonly #schedule: Schedule;
  readonly #random: Random;

  constructor(schedule: Schedule, random: Random, weather: Weather) {
    this.#schedule = schedule;
    this.#random = random;
    this.weather = weather;
  }

  /** `arrive` is called at the object, as often as the message gets there; `back` with what it answers. */
  send<T>(arrive: () => T | undefined, back: (answer: T) => void): void {
    const random = this.#random;
    const copies = random.chance(this.weather.twice) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (random.chance(this.weather.lost)) continue;
      this.#schedule.after(this.#delay(), () => {
        const answer = arrive();
        if (answer === undefined || random.chance(this.weather.replyLost)) return;
        this.#schedule.after(this.#delay(), () => back(answer));
      });
    }
  }

  /** From now on everything arrives, once; what is under way stays under way. */
  heal(): void {
    this.weather = CALM;
  }

  #delay(): number {
    return this.#random.chance(this.weather.slow)
      ? this.#random.whole(1000, 6000)
      : this.#random.whole(1, 200);
  }
}
