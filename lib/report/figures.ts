// All figures under one roof; each family has a file of its own.
export { historyFigure, accuracyAgainstSecondsFigure } from './historyFigures';
export type {
  AccuracyAgainstSecondsOptions,
  HistoryFigureOptions,
  ModelHistory,
} from './historyFigures';
export { ablationFigure, comparisonFigure, dataEfficiencyFigure } from './comparisonFigures';
export type {
  ComparisonOptions,
  DataEfficiencySeries,
  ModelScores,
  SettingAccuracies,
} from './comparisonFigures';
export { classCountsFigure, confusionMatrixFigure, perClassFigure } from './classFigures';
export type { ClassFigureOptions, SplitCounts } from './classFigures';
export { ablationCostFigure, learningRateFigure } from './recipeFigures';
export type { PieceCost } from './recipeFigures';
export { imageGridFigure } from './imageGridFigure';
export type { CaptionedPicture, ImageGridOptions } from './imageGridFigure';
export { labelledPictures, mistakePictures, predictionPictures } from './pictures';
export type { DatasetLabel } from './theme';
export type { Figure, FigureLayout, Trace } from './figure';
