using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Finetuning.Runs;

/// <summary>All that the training of a whole model needs, set up.</summary>
internal sealed class ModelTraining : ICheckpointed, IDisposable
{
    private readonly GgufModelFiles _files;
    private readonly LlamaModelHandle _model;
    private readonly ComputeEngine _engine;
    private readonly WeightSession _session;

    private ModelTraining(GgufModelFiles files, LlamaModelHandle model, ComputeEngine engine, WeightSession session, Trainer trainer) =>
        (_files, _model, _engine, _session, Trainer) = (files, model, engine, session, trainer);

    public Trainer Trainer { get; }

    public IReadOnlyList<TrainableTensor> Parameters => _session.Graph.Parameters;

    public string CheckpointFile => "model.gguf";

    /// <param name="files">The model to start from.</param>
    /// <param name="parameters">Settings.</param>
    /// <param name="steps">Updates in all, over which the learning rate falls.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="NotSupportedException">The model has an operation without a gradient, or shares a weight between places.</exception>
    public static ModelTraining Open(GgufModelFiles files, PretrainingParameters parameters, int steps, CancellationToken cancellationToken)
    {
        var threads = parameters.Threads ?? ProcessorInfo.DefaultThreadCount;
        var context = parameters.ContextLength;
        // Weights are written in place, which pages of a mapped file do not allow.
        var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false, UseMemoryMap = false }, null, cancellationToken);
        var engine = new ComputeEngine(threads);
        try
        {
            var shape = new TrainingGraphShape(context, context, threads, Recompute: false) { Precision = parameters.Precision };
            var session = WeightSession.Open(model, engine, shape);
            return new ModelTraining(files, model, engine, session, CreateTrainer(session.Graph, parameters, steps, threads));
        }
        catch
        {
            engine.Dispose();
            model.Dispose();
            throw;
        }
    }

    public void WriteTrained(string path, float[][]? values = null) => _session.Save(_files, path, values);

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
        _model.Dispose();
    }

    private static Trainer CreateTrainer(TrainingGraph graph, PretrainingParameters parameters, int steps, int threads)
    {
        var optimizer = graph.CreateOptimizer(new AdamWOptions
        {
            Beta1 = parameters.Beta1,
            Beta2 = parameters.Beta2,
            WeightDecay = parameters.WeightDecay,
            Threads = threads,
        });
        var schedule = new LearningRateSchedule(
            LearningRateScheduleKind.Cosine, parameters.LearningRate, steps, parameters.WarmupSteps, parameters.FinalRateRatio);
        return new Trainer(graph, optimizer, schedule, parameters.MaxGradientNorm);
    }
}
