using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Batching;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Device.Tests;

/// <summary>A model with a random adapter, and the training graph of it on the CPU or on the device.</summary>
internal sealed class TrainedModel : IDisposable
{
    public const int Tokens = 48;

    private readonly LM? _loaded;
    private readonly GgufModelFiles _files;
    private readonly LlamaModelHandle _model;
    private readonly ComputeEngine _engine;
    private readonly AdapterSession _session;

    public TrainedModel(
        string path, bool onDevice, Func<TrainingGraphShape, TrainingGraphShape>? change = null, Func<DeviceWeights, DeviceEngine>? open = null,
        LoraTargetModules? targets = null)
    {
        _files = ModelLoader.Open(path);
        _model = ModelLoader.Load(_files, new NativeLoadOptions { UseExtraBuffers = false });
        if (onDevice)
        {
            _loaded = new LM(path, DeviceUnderTest.Configuration);
            Weights = DeviceWeights.Of(_loaded.Core.ForInference(), _files.Tensors.Select(tensor => tensor.Info.Name).ToHashSet(), threads: 1);
            _engine = open?.Invoke(Weights) ?? new DeviceEngine(DeviceUnderTest.Devices, Weights, threads: 1);
        }
        else
        {
            _engine = new ComputeEngine(1);
        }
        var blueprint = TargetSelection.Choose(
            _files.Metadata.GetString("general.architecture"), _files.Tensors.Select(tensor => tensor.Info), targets ?? LoraTargetModules.AllLinear, _ => 4, 8);
        var shape = new TrainingGraphShape(Tokens, Tokens, 1, Recompute: false);
        _session = AdapterSession.Open(_model, blueprint, WriteRandom, _engine, change?.Invoke(shape) ?? shape, requireAll: false);
    }

    public DeviceWeights Weights { get; } = DeviceWeights.None;

    public TrainingGraph Graph => _session.Graph;

    public ComputeEngine Engine => _engine;

    public int Vocabulary => Llama.llama_vocab_n_tokens(Llama.llama_model_get_vocab(_model.Pointer));

    /// <summary>Loss and gradients of a row, of two sequences or of one.</summary>
    /// <param name="isPacked">Whether it is two.</param>
    /// <param name="clear">Whether gradients are zero before.</param>
    public (double Loss, float[][] Gradients) Step(bool isPacked, bool clear = true)
    {
        var (row, positions, sequences, targets) = Row(isPacked);
        if (clear)
            Graph.ClearGradients();
        Graph.Noise?.Begin(0, 0, sequences);
        return (Graph.Accumulate(row, positions, sequences, targets), [.. Graph.Parameters.Select(parameter => parameter.ReadGradients().ToArray())]);
    }

    /// <summary>The loss of the same row without gradients.</summary>
    public double Evaluate(bool isPacked)
    {
        var (row, positions, sequences, targets) = Row(isPacked);
        return Graph.Evaluate(row, positions, sequences, targets);
    }

    private (int[] Tokens, int[] Positions, int[] Sequences, LossTarget[] Targets) Row(bool isPacked)
    {
        var random = new Random(5);
        var first = isPacked ? Tokens * 5 / 8 : Tokens;
        int[] row = [.. Enumerable.Range(0, Tokens).Select(_ => random.Next(Vocabulary))];
        return (
            row, [.. Enumerable.Range(0, Tokens).Select(i => i < first ? i : i - first)], [.. Enumerable.Range(0, Tokens).Select(i => i < first ? 0 : 1)],
            [.. Enumerable.Range(0, Tokens - 1).Where(i => i != first - 1).Select(i => new LossTarget(i, row[i + 1], 1f / Tokens))]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
        _model.Dispose();
        _files.Dispose();
        _loaded?.Dispose();
    }

    private static void WriteRandom(string path, AdapterBlueprint blueprint)
    {
        var random = new SeededRandom(3);
        AdapterFileWriter.Write(path, blueprint, (_, shape) =>
        {
            var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
            for (var i = 0; i < values.Length; i++)
                values[i] = (2 * random.NextSingle() - 1) / MathF.Sqrt(shape[0]);
            return values;
        }, []);
    }
}
