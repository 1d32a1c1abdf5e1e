// What a learner answers through: the last prediction's log-odds and their variance.

export let logit: f32 = 0;
export let variance: f32 = 0;

@inline export function answer(logOdds: f32, spread: f32): void {
  logit = logOdds;
  variance = spread;
}
