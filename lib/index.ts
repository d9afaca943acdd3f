// The public API: what notebooks need. What else a script wants is imported from its own file, e.g. lib/models/mobileNetV2.
// Nothing inside lib imports this file.

export { describeBackend, hasFastBfloat16, tf } from './tensorflow/backend';
export type { BackendDescription } from './tensorflow/backend';

// Data
export { createDataset, shrinkPictures, splitDataset, take, takeStratified } from './data/dataset';
export type {
  DatasetSource,
  DatasetSplits,
  ImageDataset,
  SkippedFile,
  SplitOptions,
} from './data/dataset';
export { decodeImage } from './data/image';
export type { DecodedImage, DecodeOptions } from './data/image';
export { loadDataset } from './data/loadDataset';
export type { LoadDatasetOptions, LoadProgress } from './data/loadDataset';
export { CIFAR10_SCALE, MOBILENET_SCALE, UNIT_SCALE } from './data/preprocess';
export type { Preprocess } from './data/preprocess';

// Models
export { loadClassifier, saveClassifier } from './models/classifier';
export type { Classifier } from './models/classifier';
export { createCnn } from './models/cnn';
export { createFastCnn } from './models/fastCnn';
export { loadKerasModel } from './models/kerasModel';
export { createMlp } from './models/mlp';
export type { CreateNetwork, ImageShape, NetworkOptions } from './models/modelOptions';
export { loadImageNetClassifier } from './models/pretrained';
export { loadBackbone } from './models/transfer';
export type { Backbone } from './models/transfer';
export type { Views } from './models/views';

// Training
export { createAugmentation } from './training/augment';
export type { Augmentation, AugmentationOptions } from './training/augment';
export type { AverageWeights } from './training/averageWeights';
export type { CheckpointOptions, TrainingOptions } from './training/config';
export type { EarlyStopping } from './training/earlyStopping';
export { TrainingInterrupted } from './training/exclusiveTraining';
export type { Features } from './training/features';
export type { EpochRecord, History, ProgressEvent, ResumeInfo, StepInfo } from './training/history';
export type { LearningRateSearch } from './training/learningRateFinder';
export { crossEntropyLoss } from './training/loss';
export type { ClassWeights, Loss } from './training/loss';
export { createAdam, createMuon, createSgd } from './training/optimizer';
export type { AdamOptions, MuonOptions, Optimizer, SgdOptions } from './training/optimizer';
export { RECIPES, trainRecipe } from './training/recipe';
export type { Recipe, RecipePiece, TrainRecipeOptions } from './training/recipe';
export { createCosineSchedule, createOneCycleSchedule } from './training/schedule';
export type { Schedule } from './training/schedule';
export type { HeadRecipe, HeadTrial } from './training/selectHead';
export { trainModel } from './training/train';

// Evaluation
export { evaluateClassifier } from './evaluation/evaluate';
export type { Evaluation, TestedModel } from './evaluation/evaluate';
export { gradCam } from './evaluation/gradCam';
export type { Explanation, GradCamOptions } from './evaluation/gradCam';
export type { Latency } from './evaluation/latency';
export type { ClassMetrics, Interval, RankedClass } from './evaluation/metrics';
export { predictDataset } from './evaluation/predict';
export type { PredictOptions } from './evaluation/predict';
export { listPictures } from './evaluation/predictFiles';
export type { NamedPrediction, NamedProbability, Prediction } from './evaluation/predictFiles';
export { predictImage, predictPictures } from './evaluation/predictImage';
export { METRICS } from './evaluation/runningMetrics';
export type {
  LabelledOutputs,
  Metric,
  MetricChoice,
  MetricValues,
} from './evaluation/runningMetrics';
export { meanAndStd } from './evaluation/statistics';

// Report
export { calibrationFigure } from './report/calibrationFigure';
export { classCountsFigure, confusionMatrixFigure } from './report/classFigures';
export type { ClassFigureOptions } from './report/classFigures';
export { comparisonFigure, dataEfficiencyFigure } from './report/comparisonFigures';
export type {
  ComparisonOptions,
  DataEfficiencySeries,
  ModelScores,
} from './report/comparisonFigures';
export { describeDifference } from './report/conclusion';
export { showFigure, showMarkdown, showPicture, showTable } from './report/display';
export type { MimeBundle, ShowFigureOptions } from './report/display';
export { saveFigure } from './report/export';
export type { FigureFormat, SaveFigureOptions } from './report/export';
export type { Figure } from './report/figure';
export { accuracyAgainstSecondsFigure, historyFigure } from './report/historyFigures';
export type { HistoryFigureOptions, ModelHistory } from './report/historyFigures';
export { imageGridFigure } from './report/imageGridFigure';
export type { CaptionedPicture, ImageGridOptions } from './report/imageGridFigure';
export { labelledPictures, mistakePictures, predictionPictures } from './report/pictures';
export { predictionText } from './report/predictionText';
export { previewAugmentation } from './report/previewAugmentation';
export type { PreviewOptions } from './report/previewAugmentation';
export { ablationCostFigure, learningRateFigure } from './report/recipeFigures';
export type { PieceCost } from './report/recipeFigures';
export {
  confusedPairsTable,
  createTable,
  layerTable,
  modelTable,
  perClassTable,
  recipeTable,
} from './report/tables';
export type { DataTable, ModelSummary, TableCell } from './report/tables';
export type { DatasetLabel } from './report/theme';

// Runs
export { showComparison } from './runs/compareReport';
export { exportFigures } from './runs/exportFigures';
export { findModel } from './runs/findModel';
export type { FindModelOptions, FoundModel } from './runs/findModel';
export { parameters } from './runs/parameters';
export type { ParameterValue } from './runs/parameters';
export { startRun } from './runs/run';
export type { Run } from './runs/run';
export type { RunData, RunDataOptions } from './runs/runData';
export type {
  Calibration,
  DatasetRecord,
  GitRecord,
  MachineRecord,
  ModelOrigin,
  ModelRecord,
  Preset,
  RunRecord,
  VersionsRecord,
  WeightsRecord,
} from './runs/runRecord';
export type { Cleaner, Finding, FindingKind } from './runs/runCleaning';
export type { RunTrainingOptions, TrainingValues } from './runs/runTraining';
export type {
  RunFeatures,
  RunFineTuneOptions,
  RunHeadOptions,
  TrainedHead,
} from './runs/runTransfer';
export type { TrainedModel } from './runs/trainedModel';

// Experiments
export { ablationTable, measureAblation, pieceCosts, trackAblation } from './experiments/ablation';
export type { Ablation, AblationOptions, AblationSetting } from './experiments/ablation';
export {
  measureDataEfficiency,
  scratchMethod,
  trackDataEfficiency,
  trainingSetSizes,
  transferMethod,
} from './experiments/dataEfficiency';
export type {
  DataEfficiencyMethod,
  DataEfficiencyOptions,
  ScratchMethodOptions,
  TransferMethodOptions,
} from './experiments/dataEfficiency';

// Sharing
export { saveClassifierPage } from './share/classifierPage';
export type { ClassifierPageOptions } from './share/classifierPage';
