/** A day of a year: month 1–12, day 1–31. */
type MonthDay = readonly [month: number, day: number];

const MS_PER_DAY = 86_400_000;

/** Easter Sunday in the Gregorian calendar. Source: Meeus, Jones & Butcher's rule (Meeus 1991, Astronomical Algorithms, chapter 8). */
function easterDay(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayNumber(year, [Math.floor(n / 31), (n % 31) + 1]);
}

/** Days since 1970-01-01. */
function dayNumber(year: number, [month, day]: MonthDay): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // `Date.UTC` would take years below 100 for 19xx
  return Math.round(date.getTime() / MS_PER_DAY);
}

/** 0 is Sunday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

const fixed =
  (month: number, day: number) =>
  (year: number): number =>
    dayNumber(year, [month, day]);

const fromEaster =
  (days: number) =>
  (year: number): number =>
    easterDay(year) + days;

/** The n-th of a weekday in a month; n = -1 is the last. */
const nth =
  (n: number, weekday: number, month: number) =>
  (year: number): number => {
    if (n > 0) {
      const first = dayNumber(year, [month, 1]);
      return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (n - 1);
    }
    const last = dayNumber(month === 12 ? year + 1 : year, [month === 12 ? 1 : month + 1, 1]) - 1;
    return last - ((weekdayOf(last) - weekday + 7) % 7);
  };

const MONDAY = 1;

/** Day of each holiday in a year, by the names of R's timeDate package. The days themselves, not a day off that stands in for them. */
const HOLIDAYS: Readonly<Record<string, (year: number) => number>> = {
  NewYearsDay: fixed(1, 1),
  Epiphany: fixed(1, 6),
  USMLKingsBirthday: nth(3, MONDAY, 1),
  USPresidentsDay: nth(3, MONDAY, 2),
  GoodFriday: fromEaster(-2),
  EasterSunday: fromEaster(0),
  EasterMonday: fromEaster(1),
  LaborDay: fixed(5, 1),
  Ascension: fromEaster(39),
  Pentecost: fromEaster(49),
  PentecostMonday: fromEaster(50),
  CorpusChristi: fromEaster(60),
  USMemorialDay: nth(-1, MONDAY, 5),
  USJuneteenthNationalIndependenceDay: fixed(6, 19),
  USIndependenceDay: fixed(7, 4),
  AssumptionOfMary: fixed(8, 15),
  USLaborDay: nth(1, MONDAY, 9),
  DEGermanUnity: fixed(10, 3),
  USColumbusDay: nth(2, MONDAY, 10),
  AllSaints: fixed(11, 1),
  USVeteransDay: fixed(11, 11),
  USThanksgivingDay: nth(4, 4, 11),
  ChristmasEve: fixed(12, 24),
  ChristmasDay: fixed(12, 25),
  BoxingDay: fixed(12, 26),
};

export const HOLIDAY_NAMES: readonly string[] = Object.keys(HOLIDAYS);

/** Of a day (since 1970-01-01, UTC): the index of the first of `names` that falls on it, or -1. Years are computed once per call chain. */
export function holidayFinder(names: readonly string[]): (day: number, year: number) => number {
  const years = new Map<number, Map<number, number>>();
  return (day, year) => {
    let days = years.get(year);
    if (days === undefined) {
      days = new Map();
      for (const [index, name] of names.entries()) {
        const at = HOLIDAYS[name]!(year); // names are choices of a checked option
        if (!days.has(at)) days.set(at, index);
      }
      years.set(year, days);
    }
    return days.get(day) ?? -1;
  };
}
