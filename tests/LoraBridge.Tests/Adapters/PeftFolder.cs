using System.Runtime.InteropServices;
using LoraBridge.Formats;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Adapters;

/// <summary>Writes adapters as other libraries save them.</summary>
internal sealed class PeftFolder(TemporaryFolder folder, string name = "foreign")
{
    private readonly SafetensorsWriter _writer = new();
    private readonly Random _random = new(3);

    public string Path { get; } = Directory.CreateDirectory(folder[name]).FullName;

    /// <summary>Values by name, as they were written.</summary>
    public Dictionary<string, float[]> Values { get; } = [];

    public PeftFolder Add(string tensor, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(_random.NextDouble() - 0.5);
        Values[tensor] = values;
        _writer.AddTensor(tensor, SafetensorsType.Float32, shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));
        return this;
    }

    /// <summary>A PEFT module of a linear layer.</summary>
    public PeftFolder AddModule(string module, int inputs, int outputs, int rank = 4) =>
        Add($"base_model.model.{module}.lora_A.weight", rank, inputs).Add($"base_model.model.{module}.lora_B.weight", outputs, rank);

    public string Save(string configuration, string file = "adapter_model.safetensors")
    {
        _writer.Save(System.IO.Path.Combine(Path, file));
        File.WriteAllText(System.IO.Path.Combine(Path, "adapter_config.json"), configuration);
        return Path;
    }
}
