// The public API: what a notebook or a script imports. Nothing inside lib imports this file.

export { createRng, shuffledIndices } from './random';
export type { Rng } from './random';

export { describeBackend, tf } from './tensorflow/backend';
export type { BackendDescription } from './tensorflow/backend';
export { hasFastBfloat16 } from './tensorflow/backend';

// Data
export { batches } from './data/batches';
export type { Batch, BatchOptions } from './data/batches';
export { CIFAR10_CLASS_NAMES, loadCifar10, parseCifar10Batch } from './data/cifar10';
export type { LoadCifar10Options } from './data/cifar10';
export type { Cifar10Batch, ParseCifar10Options } from './data/cifar10Format';
export {
  countByClass,
  createDataset,
  select,
  shrinkPictures,
  splitDataset,
  take,
  takeStratified,
} from './data/dataset';
export type {
  DatasetSource,
  DatasetSplits,
  ImageDataset,
  SkippedFile,
  SplitOptions,
} from './data/dataset';
export { DownloadError } from './data/downloadError';
export { decodeImage, encodePng } from './data/image';
export type { DecodedImage, DecodeOptions } from './data/image';
export { loadImageFolder } from './data/imageFolder';
export type { ImageFolderOptions } from './data/imageFolder';
export { loadDataset } from './data/loadDataset';
export type { LoadDatasetOptions, LoadProgress } from './data/loadDataset';
export { applyPreprocess, CIFAR10_SCALE, MOBILENET_SCALE, UNIT_SCALE } from './data/preprocess';
export type { Preprocess } from './data/preprocess';
export { generateSample } from './sample/generateSample';
export type { SampleOptions } from './sample/generateSample';

// Models
export { loadClassifier, saveClassifier } from './models/classifier';
export type { Classifier } from './models/classifier';
export { createCnn } from './models/cnn';
export type { CnnOptions } from './models/cnn';
export { createFastCnn } from './models/fastCnn';
export type { FastCnnOptions } from './models/fastCnn';
export { loadImageNetClassifier } from './models/pretrained';
export { imageNetClasses } from './models/pretrained';
export { loadKerasWeights } from './models/kerasWeights';
export type { LoadedKerasWeights } from './models/kerasWeights';
export { createMlp } from './models/mlp';
export type { MlpOptions } from './models/mlp';
export { createMobileNetV2 } from './models/mobileNetV2';
export type { MobileNetV2Options } from './models/mobileNetV2';
export type { CreateNetwork, NetworkOptions, ImageShape } from './models/modelOptions';
export { resolveMobileNetV2Weights } from './models/mobileNetV2Weights';
export type { MobileNetV2Weights, ResolveWeightsOptions } from './models/mobileNetV2Weights';
export { loadMobileNetV2 } from './models/pretrained';
export type { PretrainedMobileNetV2 } from './models/pretrained';
export {
  countTrainedParameters,
  createHead,
  createTransferModel,
  freeze,
  loadBackbone,
  unfreezeFrom,
} from './models/transfer';
export type { Backbone, HeadOptions } from './models/transfer';

// Training
export { createAugmentation } from './training/augment';
export type {
  Augmentation,
  AugmentationInputs,
  AugmentationOptions,
  AugmentedBatch,
} from './training/augment';
export type { AverageWeights } from './training/averageWeights';
export { findLearningRate } from './training/learningRateFinder';
export type { LearningRateFinderOptions, LearningRateSearch } from './training/learningRateFinder';
export {
  RECIPE_PIECES,
  RECIPES,
  recipeTraining,
  trainRecipe,
  withoutPiece,
} from './training/recipe';
export type { Recipe, RecipePiece, TrainRecipeOptions } from './training/recipe';
export { setWhitening, whiteningWeights } from './training/whitening';
export type { WhiteningOptions, WhiteningWeights } from './training/whitening';
export type { CheckpointOptions, TrainingOptions } from './training/config';
export type { EarlyStopping, Monitor } from './training/earlyStopping';
export { extractFeatures, joinFeatures, selectFeatures } from './training/features';
export type { ExtractOptions, ExtractProgress, Features } from './training/features';
export { fineTune } from './training/fineTune';
export type { FineTuneOptions } from './training/fineTune';
export { predictFeatures, trainHead } from './training/head';
export type { HeadTrainingOptions } from './training/head';
export { HEAD_RECIPES, selectHead } from './training/selectHead';
export type { HeadRecipe, HeadTrial, SelectedHead, SelectHeadOptions } from './training/selectHead';
export { addPreparationTime } from './training/history';
export type { EpochRecord, History, ResumeInfo, StepInfo } from './training/history';
export { createAdam, createSgd } from './training/optimizer';
export type { AdamOptions, Optimizer, SgdOptions } from './training/optimizer';
export {
  addWarmUp,
  createConstantSchedule,
  createCosineSchedule,
  createOneCycleSchedule,
  createTriangularSchedule,
} from './training/schedule';
export type { Schedule } from './training/schedule';
export { trainModel } from './training/train';
export { Interrupted } from './interrupts';
export { TrainingInterrupted } from './training/exclusiveTraining';

// Evaluation
export { evaluateClassifier, evaluateProbabilities } from './evaluation/evaluate';
export type { Evaluation } from './evaluation/evaluate';
export { measureLatency } from './evaluation/latency';
export type { Latency, LatencyOptions } from './evaluation/latency';
export {
  accuracy,
  accuracyInterval,
  classMetrics,
  confusionMatrix,
  macroAverage,
  topK,
  topKAccuracy,
  worstMistakes,
} from './evaluation/metrics';
export type {
  ClassMetrics,
  Interval,
  LabelledProbabilities,
  Mistake,
  RankedClass,
} from './evaluation/metrics';
export { predictDataset } from './evaluation/predict';
export type { PredictOptions } from './evaluation/predict';
export { listPictures, predictPictures } from './evaluation/predictPictures';
export type { NamedPrediction } from './evaluation/predictPictures';
export { predictImage } from './evaluation/predictImage';
export type { NamedProbability, Prediction } from './evaluation/predictImage';
export { meanAndStd, percentile } from './evaluation/statistics';
export type {
  Metric,
  MetricChoice,
  LabelledOutputs,
  MetricValues,
} from './evaluation/runningMetrics';

// Report
export { ablationCostFigure, learningRateFigure } from './report/recipeFigures';
export { ablationFigure, comparisonFigure, dataEfficiencyFigure } from './report/comparisonFigures';
export { accuracyAgainstSecondsFigure, historyFigure } from './report/historyFigures';
export { classCountsFigure, confusionMatrixFigure, perClassFigure } from './report/classFigures';
export { imageGridFigure } from './report/imageGridFigure';
export { labelledPictures, mistakePictures, predictionPictures } from './report/pictures';
export type {
  AccuracyAgainstSecondsOptions,
  HistoryFigureOptions,
  ModelHistory,
} from './report/historyFigures';
export type { CaptionedPicture, ImageGridOptions } from './report/imageGridFigure';
export type { ClassFigureOptions, SplitCounts } from './report/classFigures';
export type {
  ComparisonOptions,
  DataEfficiencySeries,
  ModelScores,
  SettingAccuracies,
} from './report/comparisonFigures';
export type { DatasetLabel } from './report/theme';
export type { Figure } from './report/figure';
export type { PieceCost } from './report/recipeFigures';
export {
  createDisplay,
  isNotebook,
  showFigure,
  showHtml,
  showMarkdown,
  showTable,
} from './report/display';
export type { Display, MimeBundle, ShowFigureOptions } from './report/display';
export {
  classCountsTable,
  createTable,
  modelTable,
  perClassTable,
  tableCsv,
} from './report/tables';
export type { DataTable, ModelSummary, TableCell } from './report/tables';
export { figureFormats, saveFigure } from './report/export';
export type { FigureFormat, SaveFigureOptions } from './report/export';
export { figurePage } from './report/figurePage';
export type { NamedFigure } from './report/keptFigures';
export { layerTable } from './report/tables';
export { pngDataUri } from './report/png';
export { predictionsCsv, predictionText } from './report/predictionText';
export { createTrainingDisplay } from './report/trainingDisplay';
export type { TrainingDisplay, TrainingDisplayOptions } from './report/trainingDisplay';

// Experiments
export {
  ablationSettings,
  ablationTable,
  measureAblation,
  pieceCosts,
  trackAblation,
} from './experiments/ablation';
export type {
  Ablation,
  AblationOptions,
  AblationResult,
  AblationSetting,
} from './experiments/ablation';
export { findBaselines } from './experiments/baseline';
export type { Baseline } from './experiments/baseline';
export { modelComparisonTable, measureModels } from './experiments/modelComparison';
export type { ComparedModel, MeasuredModel } from './experiments/modelComparison';
export {
  trainingSetSizes,
  measureDataEfficiency,
  scratchMethod,
  transferMethod,
} from './experiments/dataEfficiency';
export type {
  DataEfficiencyMethod,
  DataEfficiencyOptions,
  DataEfficiencyResult,
  ScratchMethodOptions,
  TransferMethodOptions,
} from './experiments/dataEfficiency';
export { describeEnvironment } from './runs/environment';
export { comparisonFigures } from './runs/compareFigures';
export {
  comparisonCsv,
  comparisonPage,
  runsTable,
  settingsTable,
  showComparison,
} from './runs/compareReport';
export { compareRuns } from './runs/compareRuns';
export type { ComparedSetting, ComparedTraining, RunComparison, Spread } from './runs/compareRuns';
export { exportFigures } from './runs/exportFigures';
export { findRun, findRuns } from './runs/findRuns';
export type { FindRunsOptions, FoundRun, FoundRuns, SkippedFolder } from './runs/findRuns';
export { findModel } from './runs/findModel';
export type { FindModelOptions, FoundModel } from './runs/findModel';
export { describeTrainedModel } from './runs/modelRecord';
export type { FinishedModel } from './runs/modelRecord';
export type { ProgressEvent } from './training/history';
export type { ClassWeights, Loss } from './training/loss';
export { parseRunRecord } from './runs/runRecord';
export type {
  DatasetRecord,
  GitRecord,
  MachineRecord,
  ModelRecord,
  Preset,
  RunRecord,
  VersionsRecord,
  WeightsRecord,
} from './runs/runRecord';
export { listRuns, loadRun, runsDirectory, startRun } from './runs/runs';
export type { RecordedSplits, Run, RunOptions } from './runs/runs';
export { trackExtraction, trackLearningRates, trackLoading } from './runs/progress';

// Sharing
export { classifierPage } from './share/classifierPage';
export type { ClassifierPageOptions } from './share/classifierPage';
export { findFigures } from './share/findFigures';
export type { FindFiguresOptions, FoundFigures } from './share/findFigures';
