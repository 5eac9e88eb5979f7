using System.Numerics.Tensors;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>Approximates the difference of two models by an adapter, one weight at a time.</summary>
internal sealed class AdapterExtraction : IDisposable
{
    private readonly GgufModelFiles _base;
    private readonly GgufModelFiles _finetuned;
    private readonly int _rank;

    internal AdapterExtraction(string basePath, string finetunedPath, int rank)
    {
        _rank = rank;
        _base = ModelLoader.Open(basePath);
        try
        {
            _finetuned = ModelLoader.Open(finetunedPath);
        }
        catch
        {
            _base.Dispose();
            throw;
        }
    }

    internal AdapterArithmeticResult Run(
        string path, AdapterWriteOptions options, IProgress<OperationProgress>? progress, CancellationToken cancellationToken)
    {
        var (architecture, other) = (_base.Metadata.GetString("general.architecture"), _finetuned.Metadata.GetString("general.architecture"));
        if (architecture != other)
            throw new AdapterMismatchException($"The base is a {architecture} model, the finetuned one a {other}: expected the same architecture.");
        var builder = new AdapterBuilder(architecture, options);
        var skipped = new List<string>();
        for (var i = 0; i < _base.Tensors.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new OperationProgress($"extracting {_base.Tensors[i].Name}", (double)i / _base.Tensors.Length));
            Extract(_base.Tensors[i], builder, skipped);
        }

        return builder.Save(path, skipped);
    }

    public void Dispose()
    {
        _base.Dispose();
        _finetuned.Dispose();
    }

    private void Extract(GgufModelTensor before, AdapterBuilder builder, List<string> skipped)
    {
        var after = Counterpart(before);
        var difference = TensorReader.ReadFloats(after.File, after.Info);
        TensorPrimitives.Subtract(difference, TensorReader.ReadFloats(before.File, before.Info), difference);
        if (!difference.AsSpan().ContainsAnyExcept(0f))
            return;
        var (columns, rows) = (checked((int)before.Info.Dimension(0)), checked((int)before.Info.Dimension(1)));
        if (rows == 1 || before.Info.Dimension(3) != 1 || !CanBeAdapted(before.Name))
        {
            skipped.Add(before.Name);
            return;
        }

        var matrices = new LowRankMatrix[before.Info.Dimension(2)];
        var kept = 0.0;
        for (var e = 0; e < matrices.Length; e++)
        {
            var part = difference.AsSpan(e * rows * columns, rows * columns);
            (matrices[e], var keptHere, _) = SubspaceIteration.Approximate(part, rows, columns, _rank, seed: e).Truncate(_rank);
            kept += keptHere;
        }

        var total = 0.0;
        foreach (var value in difference)
            total += (double)value * value;
        builder.Add(before.Name, matrices, Math.Min(1, kept / total));
    }

    /// <summary>Only products take adapters: not convolutions, positions, or an embedding that is the output as well.</summary>
    private bool CanBeAdapted(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal)
        && !name.Contains("conv", StringComparison.Ordinal)
        && name != "position_embd.weight"
        && (!LoraPair.IsFlipped(name) || _base.Find(TensorNames.Output) is not null);

    private GgufModelTensor Counterpart(GgufModelTensor before)
    {
        if (_finetuned.Find(before.Name) is not { } after)
            throw new AdapterMismatchException($"{_finetuned.Files[0].Path}: tensor '{before.Name}' of the base is missing");
        for (var i = 0; i < GgufTensorInfo.MaximumDimensions; i++)
        {
            if (after.Info.Dimension(i) != before.Info.Dimension(i))
                throw new AdapterMismatchException($"{after.File.Path}: tensor '{before.Name}' is {after.Info}, expected the shape of {before.Info}");
        }

        return after;
    }
}
