using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Writes adapters to measure with: as large and as slow as trained ones, but without effect.</summary>
internal static class BenchmarkAdapter
{
    /// <exception cref="ArgumentException">The targets choose nothing of the model that can be adapted.</exception>
    public static AdapterBlueprint Write(string path, GgufModelFiles model, int rank, LoraTargetModules targets)
    {
        var architecture = model.Metadata.GetString("general.architecture");
        var blueprint = TargetSelection.Choose(architecture, model.Tensors.Select(tensor => tensor.Info), targets, _ => rank, alpha: rank);
        AdapterFileWriter.WriteInitial(path, blueprint, seed: 0);
        return blueprint;
    }
}
