using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters;

/// <summary>An open adapter with the scale that it is merged with.</summary>
internal sealed class AdapterSource(AdapterFile adapter, float scale) : IDisposable
{
    private readonly GgufFile _file = GgufFile.Open(adapter.Path);
    private readonly Dictionary<string, LoraPair> _pairs = adapter.Pairs.ToDictionary(pair => pair.Target, StringComparer.Ordinal);

    internal AdapterFile Adapter => adapter;

    internal float Scale => scale;

    /// <summary>The matrices of a weight, or null when this adapter leaves it alone.</summary>
    internal LoraPair? Find(string target) => _pairs.GetValueOrDefault(target);

    /// <summary>s of a pair: what B (A x) is multiplied by.</summary>
    internal float TrueScale(LoraPair pair) => pair.TrueScale(scale, adapter.Alpha);

    /// <summary>Reads a matrix as F32.</summary>
    /// <exception cref="InvalidDataException">The file has changed since it was checked.</exception>
    internal float[] ReadFloats(GgufTensorInfo matrix) => TensorReader.ReadFloats(_file, matrix.Name);

    public void Dispose() => _file.Dispose();
}
