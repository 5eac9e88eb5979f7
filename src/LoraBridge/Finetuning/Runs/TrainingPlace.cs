using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Where a training computes: where the model is.</summary>
/// <param name="Devices">The devices; none is the CPU.</param>
/// <param name="Reason">Why there.</param>
internal sealed record TrainingPlace(IReadOnlyList<DevicePtr> Devices, string Reason)
{
    /// <summary>What ggml calls the devices, or <c>CPU</c>.</summary>
    public string Name => DeviceNodes.NameOf(Devices);

    /// <summary>Whether that is something else than the CPU.</summary>
    public bool IsDevice => Devices.Count > 0;

    /// <summary>The place of a model that is loaded.</summary>
    public static TrainingPlace Of(LM model) => new(model.TrainingDevices, model.PlaceReason);

    /// <summary>The CPU instead of the devices that the model is on.</summary>
    public static TrainingPlace CpuBecause(string reason) => new([], reason);

    /// <summary>Opens it, with the weights that the model has there.</summary>
    /// <exception cref="NativeException">A device cannot be opened.</exception>
    public ComputeEngine Open(LM model)
    {
        if (!IsDevice)
            return new ComputeEngine(model.Threads);
        lock (model.SharedCore.Gate)
            return Open(model.SharedCore.ForInference(), model.Files, Devices, model.Threads);
    }

    /// <summary>Opens devices with the weights of a model that was loaded there; it must not be freed before.</summary>
    /// <exception cref="NativeException">A device cannot be opened.</exception>
    public static ComputeEngine Open(LlamaModelHandle model, GgufModelFiles files, IReadOnlyList<DevicePtr> devices, int threads) =>
        new DeviceEngine(devices, DeviceWeights.Of(model, files.Tensors.Select(tensor => tensor.Info.Name).ToHashSet(), threads), threads);
}
