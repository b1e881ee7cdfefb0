/** Current phase of a long task. */
export type Phase =
  | 'reading'
  | 'verifying'
  | 'keeping'
  | 'loading'
  | 'indexing'
  | 'checking'
  | 'books'
  | 'uploading'
  | 'downloading';

/** `done` of `total`, in bytes or steps; `note` is the current item. */
export type Progress = { phase: Phase; done: number; total: number; note: string };
export type OnProgress = (progress: Progress) => void;
