using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>Collects the random tensors of one model, and its file.</summary>
internal sealed class FamilyWriter
{
    private readonly Random _random = new(5);
    private readonly List<(string Name, long[] Shape, byte[] Data)> _tensors = [];
    private readonly string _architecture;

    internal FamilyWriter(string architecture) => _architecture = architecture;

    /// <summary>Comes before each name.</summary>
    internal string Prefix { get; set; } = "";

    /// <summary>Weights that neither shrink nor stretch: deviation 1/√inputs.</summary>
    internal void Matrix(string name, int inputs, int outputs, int experts = 1) => Add(
        $"{name}.weight", 0, 1 / MathF.Sqrt(inputs), experts > 1 ? [inputs, outputs, experts] : [inputs, outputs]);

    /// <summary>Factors around 1, and a bias around 0.</summary>
    internal void Norm(string name, int size, bool bias = false)
    {
        Vector($"{name}.weight", 1, size);
        if (bias)
            Vector($"{name}.bias", 0, size);
    }

    /// <summary>Small deviations from a mean.</summary>
    internal void Vector(string name, float mean, params long[] shape) => Add(name, mean, 0.1f, shape);

    internal void Save(string path, IReadOnlyDictionary<string, uint> sizes, Action<GgufMetadata>? more = null)
    {
        var metadata = new GgufMetadata()
            .Set("general.architecture", _architecture)
            .Set("general.type", "model")
            .Set("general.name", $"Tiny {_architecture}")
            .Set("general.file_type", 0u)
            .Set($"{_architecture}.attention.layer_norm_rms_epsilon", 1e-6f)
            .Set($"{_architecture}.attention.layer_norm_epsilon", 1e-6f);
        foreach (var (key, size) in sizes)
            metadata.Set($"{_architecture}.{key}", size);
        more?.Invoke(metadata);
        TinyVocabulary.AddTo(metadata);
        var writer = new GgufWriter(metadata);
        foreach (var (name, shape, data) in _tensors)
            writer.AddTensor(name, GgmlType.F32, shape, data);
        writer.Save(path);
    }

    private void Add(string name, float mean, float deviation, long[] shape) => _tensors.Add(
        (Prefix + name, shape, RandomTensors.Normal(_random, (int)shape.Aggregate(1L, (product, extent) => product * extent), mean, deviation)));
}
