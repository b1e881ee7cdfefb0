let quiet = false;

/** For the rest of this process: progress bars know of no command's options. */
export function setQuiet(isQuiet: boolean): void {
  quiet = isQuiet;
}

export const isQuiet = (): boolean => quiet;
