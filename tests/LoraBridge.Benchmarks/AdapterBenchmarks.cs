using BenchmarkDotNet.Attributes;
using LoraBridge.Model;

namespace LoraBridge.Benchmarks;

/// <summary>Switching adapters on a loaded model, without the tokens that are read again afterwards.</summary>
public class AdapterBenchmarks
{
    private LM _model = null!;
    private LoraAdapter _applied = null!;

    /// <summary>Loads the model, with an adapter.</summary>
    [GlobalSetup]
    public void Load()
    {
        _model = BenchmarkModels.Load();
        _applied = _model.ApplyLoraAdapter(BenchmarkModels.Adapter);
    }

    /// <summary>Unloads it.</summary>
    [GlobalCleanup]
    public void Unload() => _model.Dispose();

    /// <summary>Reading, checking and placing an adapter file, and taking it off again.</summary>
    [Benchmark]
    public bool ApplyAndRemove() => _model.RemoveLoraAdapter(_model.ApplyLoraAdapter(BenchmarkModels.Adapter));

    /// <summary>Turning the scale of an applied adapter.</summary>
    [Benchmark]
    public float ChangeScale() => _applied.Scale = _applied.Scale == 1 ? 0.5f : 1;
}
