using LoraBridge.Adapters.Arithmetic;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters.Conversion;

/// <summary>Makes a GGUF adapter of one of another library.</summary>
internal sealed class AdapterImport
{
    private readonly GgufModelFiles _model;
    private readonly string _architecture;
    private readonly CheckpointLayout _layout;
    private readonly CheckpointNames _names;
    private readonly ForeignAdapter _adapter;
    private readonly AdapterBuilder _builder;
    private int _count;
    private readonly List<string> _skipped = [];

    /// <exception cref="NotSupportedException">It is not known how the model's checkpoints lie.</exception>
    internal AdapterImport(GgufModelFiles model, ForeignAdapter adapter)
    {
        (_model, _adapter) = (model, adapter);
        _layout = CheckpointLayout.Of(model.Metadata);
        _architecture = model.Metadata.Architecture!;
        _names = new CheckpointNames(_layout);
        _builder = new AdapterBuilder(_architecture, new AdapterWriteOptions { Overwrite = true });
    }

    /// <summary>Modules that a GGUF adapter cannot hold.</summary>
    internal IReadOnlyList<string> Skipped => _skipped;

    /// <summary>Writes the adapter; replaces a file that exists.</summary>
    /// <exception cref="AdapterMismatchException">It was made for another model.</exception>
    /// <exception cref="InvalidDataException">Nothing of it can be converted.</exception>
    internal void Write(string path)
    {
        List<TensorMismatch> mismatches = [];
        foreach (var group in Named().GroupBy(entry => entry.Weight.Target))
        {
            if (_model.Find(group.Key) is not { } weight)
                mismatches.Add(new TensorMismatch(group.Key, $"a change of it ({group.First().Module.Name})", "a tensor that the model has"));
            else if (Add(weight.Info, [.. group]) is { } mismatch)
                mismatches.Add(mismatch);
        }
        mismatches.AddRange(_adapter.BaseCopies.Select(Compare).OfType<TensorMismatch>());
        if (mismatches.Count > 0)
            throw new AdapterMismatchException(
                $"{mismatches.Count} of {mismatches.Count + _count} adapted tensors do not fit the model. First: {mismatches[0]}.", mismatches);
        if (_count == 0)
            throw new InvalidDataException(
                $"Nothing of the adapter can be converted: {(_skipped.Count > 0 ? $"{_skipped[0]} and others are no LoRA of this model's weights" : "it has no tensors")}.");

        _builder.SaveWith(Metadata(), path);
    }

    /// <summary>A copy of a base weight is left out; one of another shape shows that the adapter is for another model.</summary>
    private TensorMismatch? Compare(BaseCopy copy)
    {
        _skipped.Add($"{copy.Module} (a copy of the base model's own weight, which it did not change)");
        if (_names.Find(copy.Module) is not { } weight)
            return null;
        var own = _model.Find(weight.Target) ?? (weight.Target == TensorNames.Output ? _model.Find(TensorNames.TokenEmbedding) : null);
        return own is null || (own.Info.Dimension(0) == copy.Inputs && own.Info.Dimension(1) == copy.Outputs)
            ? null
            : new TensorMismatch(weight.Target, $"a copy of [{copy.Inputs}, {copy.Outputs}] in {copy.Module}", $"{LoraPair.Shape(own.Info)}, that of the model");
    }

    private GgufMetadata Metadata()
    {
        var metadata = new GgufMetadata()
            .Set("general.type", "adapter")
            .Set("general.architecture", _architecture)
            .Set("adapter.type", "lora")
            .Set("adapter.lora.alpha", _adapter.Alpha);
        if (_model.Metadata.TryGetString("general.name", out var name))
            metadata.Set("general.base_model.count", 1u).Set("general.base_model.0.name", name);
        if (_adapter.InvocationTokens.Count > 0)
            metadata.Set("adapter.alora.invocation_tokens", GgufValue.FromArray<uint>([.. _adapter.InvocationTokens]));
        return metadata;
    }

    private IEnumerable<(ForeignModule Module, NamedWeight Weight)> Named()
    {
        foreach (var module in _adapter.Modules)
        {
            // An output that is the embedding cannot be adapted on its own.
            if (_names.Find(module.Name) is { } weight && (weight.Target != TensorNames.Output || _model.Find(weight.Target) is not null))
                yield return (module, weight);
            else
                _skipped.Add(module.Name);
        }
    }

    /// <summary>Adds the matrices of a weight, or returns what does not fit.</summary>
    private TensorMismatch? Add(GgufTensorInfo weight, IReadOnlyList<(ForeignModule Module, NamedWeight Weight)> parts)
    {
        var rank = parts[0].Module.Rank;
        var (shapeOfA, shapeOfB) = LoraPair.ShapesFor(weight.Name, weight.Shape.AsSpan(), rank);
        var experts = (int)weight.Dimension(2);
        var expected = $"A [{string.Join(", ", shapeOfA)}], B [{string.Join(", ", shapeOfB)}]";
        // Rows of a token embedding are looked up: what A multiplies there is a token.
        var (inputs, outputs) = LoraPair.IsFlipped(weight.Name) ? (weight.Dimension(1), weight.Dimension(0)) : (weight.Dimension(0), weight.Dimension(1));
        float[] a = new float[inputs * rank * experts], b = new float[outputs * rank * experts];
        foreach (var (module, (_, expert)) in parts)
        {
            if (module.Inputs != inputs || module.Outputs != outputs || module.Rank != rank || (expert ?? 0) >= experts
                || (expert is null && module.Experts != experts))
            {
                return new TensorMismatch(
                    weight.Name, $"{module.Name} with {module.Inputs} inputs, {module.Outputs} outputs, rank {module.Rank}", expected);
            }
            module.A.CopyTo(a, (expert ?? 0) * module.A.Length);
            var factor = module.Scale * rank / _adapter.Alpha;
            var rows = Ordered(weight.Name, module);
            for (var i = 0; i < rows.Length; i++)
                b[(expert ?? 0) * rows.Length + i] = factor == 1 ? rows[i] : factor * rows[i];
        }
        _builder.AddMatrix(weight.Name + LoraPair.ASuffix, shapeOfA, LoraPair.IsFlipped(weight.Name) ? Flip(a, rank) : a);
        _builder.AddMatrix(weight.Name + LoraPair.BSuffix, shapeOfB, b);
        _count++;
        return null;
    }

    private float[] Ordered(string target, ForeignModule module) =>
        _layout.InterleavesHeads && HeadRows.HeadsOf(_model.Metadata, TensorNames.ModuleOf(target)) is { } heads
            ? HeadRows.Interleave(module.B, module.Rank, heads)
            : module.B;

    /// <summary>[R, V] by rows to a row of R for each token.</summary>
    internal static float[] Flip(float[] values, int rows)
    {
        var columns = values.Length / rows;
        var flipped = new float[values.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
                flipped[j * rows + i] = values[i * columns + j];
        return flipped;
    }
}
