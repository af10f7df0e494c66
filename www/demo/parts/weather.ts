// Weather out of thin air: the same every time, for nobody's safety at sea.

export interface Place {
  name: string;
  at: string;
  /** The mean of the day, how far it swings, and how wet it is. */
  mean: number;
  swing: number;
  wet: number;
}

export interface Hour {
  celsius: number;
  rain: number;
  wind: number;
}

export const PLACES: readonly Place[] = [
  { name: "Bergen, Vågen", at: "60.395,5.320", mean: 8, swing: 3, wet: 0.8 },
  { name: "Rotterdam, Maasmond", at: "51.980,4.060", mean: 11, swing: 4, wet: 0.45 },
  { name: "Lisboa, Barra", at: "38.640,-9.320", mean: 18, swing: 5, wet: 0.15 },
  { name: "Valparaíso", at: "-33.030,-71.620", mean: 16, swing: 6, wet: 0.25 },
];

export function forecast({ mean, swing, wet, at }: Place): { hours: Hour[] } {
  const seed = [...at].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const hours = Array.from({ length: 24 }, (_, hour) => {
    const wave = Math.sin(((hour - 9) / 24) * 2 * Math.PI) + 0.28 * Math.sin(hour * 0.9 + seed);
    const cloud = Math.sin(hour * 0.55 + seed * 0.7) + Math.sin(hour * 0.23 + seed);
    return {
      celsius: Math.round((mean + swing * wave) * 10) / 10,
      rain: Math.max(0, Math.round((cloud + wet * 2 - 1) * wet * 18) / 10),
      wind: Math.round(9 + 7 * wet + 5 * Math.sin(hour * 0.4 + seed)),
    };
  });
  return { hours };
}
