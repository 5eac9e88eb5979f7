using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>All that a training needs, set up: a copy of the model that can be trained, the adapter, the trainer and its batches.</summary>
internal sealed class AdapterTraining : ICheckpointed, IDisposable
{
    /// <summary>A mask has a 16-bit number for each pair of tokens, and a .NET array less than 2^31 bytes.</summary>
    private const int LongestRow = 32_704;

    private readonly LM _source;
    private readonly int? _contextUsed;
    private readonly TrainingModel _model;
    private readonly ComputeEngine _engine;
    private readonly AdapterSession _session;
    private readonly long _modelBytes;
    private readonly long _processBytes;

    private AdapterTraining(
        LM model, TrainingModel plain, ComputeEngine engine, TrainingPlace place, AdapterSession session, RowLayout layout, PreparedData data,
        LoraTrainingParameters parameters, long processBytes)
    {
        Place = place;
        (_source, _contextUsed) = (model, parameters.ContextUsed);
        (_model, _engine, _session, Layout) = (plain, engine, session, layout);
        _modelBytes = model.Files.Files.Sum(file => file.Length);
        // A model that is shared is mapped already.
        _processBytes = Math.Max(0, processBytes - (plain.IsShared ? _modelBytes : 0));
        Batches = new BatchSchedule(data.Training, new BatchOptions
        {
            ContextLength = layout.Length,
            BatchSize = parameters.BatchSize,
            GradientAccumulation = parameters.GradientAccumulation,
            SequencePacking = layout.SequencePacking,
            Seed = parameters.Seed,
        });
        TotalSteps = parameters.MaxSteps ?? Batches.StepsBefore(parameters.Epochs);
        Trainer = new Trainer(session.Graph, CreateOptimizer(model, session, parameters), CreateSchedule(parameters), parameters.MaxGradientNorm);
    }

    public Trainer Trainer { get; }

    public BatchSchedule Batches { get; }

    public RowLayout Layout { get; }

    public int TotalSteps { get; }

    /// <summary>What computes losses and gradients.</summary>
    public TrainingGraph Graph => _session.Graph;

    public AdapterBlueprint Blueprint => _session.Blueprint;

    /// <summary>Weights that were chosen but are not trained: llama.cpp applies no adapter to them in this model, or the logits do not vary with them.</summary>
    public IReadOnlyList<string> UntrainedTargets => _session.UnusedTargets;

    public IReadOnlyList<TrainableTensor> Parameters => _session.Graph.Parameters;

    public string CheckpointFile => "adapter.gguf";

    public long ParameterCount => CountParameters(Blueprint);

    public TrainingMemory Memory => field ??= new(_modelBytes, AdapterBytes(Blueprint) + Trainer.Optimizer.HostBytes, Graph.WorkingMemory, _processBytes)
    {
        Layers = Graph.Plan,
        Device = Graph.DeviceMemory,
    };

    /// <summary>Whether there is as much memory as it takes. A device that nobody named was asked before it was settled on.</summary>
    /// <exception cref="InsufficientMemoryException">The machine, or what this process may use of it, has less, or the device has.</exception>
    public void RequireMemory()
    {
        MemoryPlan.Require(Memory);
        if (Place.IsDevice && _source.IsBackendNamed)
            RequireOnDevice();
    }

    private void RequireOnDevice() => MemoryPlan.RequireOnDevice(Memory.Device, DeviceMemory.Available(Place.Devices), Place.Name);

    /// <summary>Where it computes.</summary>
    public TrainingPlace Place { get; }

    /// <summary>What the device left to the CPU; known once a row was trained on.</summary>
    public IReadOnlyList<DeviceFallback> Fallbacks => DeviceNodes.Fallbacks(_session.Graph.OnHost);

    /// <summary>
    /// Sets a training up where the model is. Where nobody asked for that place by name, it may fail there, for want of memory or otherwise: then the CPU
    /// trains, and <see cref="Place"/> says why.
    /// </summary>
    /// <exception cref="ArgumentException">The targets name nothing that can be adapted.</exception>
    /// <exception cref="InsufficientMemoryException">The adapter alone needs more memory than there is.</exception>
    /// <exception cref="NotSupportedException">The model computes something through which gradients cannot pass, or rows are too long.</exception>
    /// <param name="model">The model.</param>
    /// <param name="parameters">How to train.</param>
    /// <param name="data">What on.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <param name="keepBudget">Bytes that intermediate results may take; null takes half of what is free.</param>
    public static AdapterTraining Open(
        LM model, LoraTrainingParameters parameters, PreparedData data, CancellationToken cancellationToken, long? keepBudget = null) => Open(
        TrainingPlace.Of(model), model.IsBackendNamed, place => Open(model, place, parameters, data, cancellationToken, keepBudget),
        training => training.RequireOnDevice());

    /// <param name="place">Where the model is.</param>
    /// <param name="isNamed">Whether that was asked for by name.</param>
    /// <param name="open">Opens a place.</param>
    /// <param name="require">Throws where a device has too little memory for what was opened.</param>
    internal static T Open<T>(TrainingPlace place, bool isNamed, Func<TrainingPlace, T> open, Action<T> require) where T : IDisposable
    {
        if (!place.IsDevice || isNamed)
            return open(place);
        try
        {
            var training = open(place);
            try
            {
                require(training);
                return training;
            }
            catch
            {
                training.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (failure is NativeException or InsufficientMemoryException)
        {
            return open(TrainingPlace.CpuBecause(failure.Message));
        }
    }

    private static AdapterTraining Open(
        LM model, TrainingPlace place, LoraTrainingParameters parameters, PreparedData data, CancellationToken cancellationToken, long? keepBudget)
    {
        var processBytes = Environment.WorkingSet;
        var design = AdapterDesign.For(model, parameters);
        // What is known by now; the graph says what it needs itself once it is built, and before it takes it.
        MemoryPlan.Require(new TrainingMemory(0, AdapterBytes(design.Blueprint), 0, processBytes));
        var plain = model.SharedCore.ForTraining(RopeFactors.For(model.Files, parameters.ContextUsed), cancellationToken);
        ComputeEngine? engine = null;
        AdapterSession? session = null;
        try
        {
            engine = place.Open(model);
            RowLayout layout;
            (session, layout) = OpenSession(model, plain.Handle, engine, place, design, data, parameters, parameters.SequencePacking, keepBudget);
            return new AdapterTraining(model, plain, engine, place, session, layout, data, parameters, processBytes);
        }
        catch
        {
            session?.Dispose();
            engine?.Dispose();
            plain.Dispose();
            throw;
        }
    }

    /// <summary>The model that is trained with, for a comparison with inference on the CPU; null where that is done with the model as it is loaded for inference.</summary>
    public LlamaModelHandle? PlainModel => _source.SharedCore.IsPlain ? _model.Handle : null;

    /// <summary>What computes.</summary>
    public ComputeEngine Engine => _engine;

    /// <summary>From now on, rows that are computed end when <paramref name="token"/> is cancelled.</summary>
    public void CancelBy(CancellationToken token) => _engine.CancelBy(token);

    /// <summary>Writes the adapter as it is now, or with the values given by parameter.</summary>
    public void Save(string path, IEnumerable<KeyValuePair<string, GgufValue>> metadata, float[][]? values = null)
    {
        var index = Parameters.Select((parameter, i) => (parameter.Name, i)).ToDictionary();
        AdapterFileWriter.Write(path, Blueprint, (name, _) => values?[index[name]] ?? Parameters[index[name]].ReadValues().ToArray(), metadata);
    }

    public void WriteTrained(string path, float[][]? values = null) => Save(path, [], values);

    /// <summary>The adapter's values as they are now, by parameter.</summary>
    public float[][] CopyValues() => [.. Parameters.Select(parameter => parameter.ReadValues().ToArray())];

    /// <summary>The length of a context of inference that computes so many tokens as the training graph does.</summary>
    public int ContextOfInference(int tokens) => RopeFactors.ContextFor(_source.Files, _contextUsed, _contextUsed is null ? Layout.Length : tokens);

    /// <summary>
    /// The mean loss of a row with an adapter that does nothing, through the products that rows are trained with, and without noise, which
    /// would change it.
    /// </summary>
    public double BaseLoss(PackedRow packed)
    {
        var outputs = Parameters.Where(parameter => parameter.Name.EndsWith(LoraPair.BSuffix, StringComparison.Ordinal)).ToList();
        var values = outputs.ConvertAll(parameter => parameter.ReadValues().ToArray());
        foreach (var parameter in outputs)
            parameter.EditValues().Clear();
        try
        {
            var row = TrainingRow.From(packed, Graph.Tokens, 1f / packed.TargetCount);
            return Graph.Evaluate(row.Tokens, row.Positions, row.Segments, row.Targets);
        }
        finally
        {
            foreach (var (parameter, before) in outputs.Zip(values))
                before.CopyTo(parameter.EditValues());
        }
    }

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
        _model.Dispose();
    }

    private static (AdapterSession Session, RowLayout Layout) OpenSession(
        LM model, LlamaModelHandle handle, ComputeEngine engine, TrainingPlace place, AdapterDesign design, PreparedData data, LoraTrainingParameters parameters,
        bool packing, long? keepBudget)
    {
        var layout = RowLayout.For(
            data.Training.Concat(data.Validation), PreparedData.ContextLengthFor(model, parameters), model.ContextLength, packing);
        if (layout.Length > LongestRow)
            throw new NotSupportedException($"Rows of {layout.Length} tokens are too long, expected at most {LongestRow}. Lower {nameof(parameters.ContextLength)}.");
        var headRows = place.IsDevice
            ? TrainingGraphShape.HeadRowsOnDevice(layout.Length, model.VocabularySize)
            : TrainingGraphShape.HeadRowsFor(layout.Length, model.VocabularySize);
        var shape = MemoryPlan.Choose(model, parameters, place, new TrainingGraphShape(layout.Length, headRows, model.Threads, Recompute: null)
        {
            Noise = NoiseOf(parameters),
            FitsLengths = !packing && !place.IsDevice,
        });
        if (keepBudget is { } budget)
            shape = shape with { KeepBudget = budget };
        var session = AdapterSession.Open(handle, design.Blueprint, design.Write, engine, shape, design.RequireAll);
        if (!packing || !session.Graph.OneSequencePerRow)
            return (session, layout);
        session.Dispose();
        return OpenSession(model, handle, engine, place, design, data, parameters, packing: false, keepBudget);
    }

    private static long CountParameters(AdapterBlueprint blueprint) => blueprint.Targets.Sum(target => target.ParameterCount);

    /// <summary>Values and gradients; the optimiser's come on top, where it is on the host.</summary>
    private static long AdapterBytes(AdapterBlueprint blueprint) => 2 * sizeof(float) * CountParameters(blueprint);

    private static RowNoise? NoiseOf(LoraTrainingParameters parameters) => parameters is { Dropout: 0, NeftuneAlpha: 0 }
        ? null
        : new RowNoise(parameters.Seed, parameters.Dropout, parameters.NeftuneAlpha);

    private static Optimizer CreateOptimizer(LM model, AdapterSession session, LoraTrainingParameters parameters)
    {
        var gains = session.Blueprint.Targets.ToDictionary(target => target.Weight + LoraPair.BSuffix, target => target.Gain);
        return session.Graph.CreateOptimizer(new AdamWOptions
        {
            Beta1 = parameters.Beta1,
            Beta2 = parameters.Beta2,
            Epsilon = parameters.Epsilon,
            WeightDecay = parameters.WeightDecay,
            Decays = _ => true,
            RateFactorOf = tensor => tensor.Name.EndsWith(LoraPair.BSuffix, StringComparison.Ordinal) ? parameters.LoraPlusRatio : 1,
            GainOf = tensor => gains.GetValueOrDefault(tensor.Name, 1),
            Threads = model.Threads,
        });
    }

    private LearningRateSchedule CreateSchedule(LoraTrainingParameters parameters) => new(
        parameters.Schedule, parameters.LearningRate, TotalSteps, (int)MathF.Ceiling(parameters.WarmupRatio * TotalSteps), parameters.LearningRateFloor);
}
