using LLama;
using LLama.Abstractions;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.LLamaSharp;

/// <summary>Fine-tunes the models of LLamaSharp's objects.</summary>
public static class FinetuningExtensions
{
    /// <summary>
    /// Opens the model file that LLamaSharp's parameters name, for fine-tuning. LLamaSharp may have it loaded meanwhile: the file is mapped,
    /// so that both share its pages, and training runs on the CPU.
    /// </summary>
    /// <param name="parameters">LLamaSharp's parameters, as they are given to <see cref="LLamaWeights.LoadFromFile"/>.</param>
    /// <returns>The fine-tuning, which owns the model: disposing it frees both.</returns>
    /// <exception cref="ArgumentNullException">The parameters are null.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can be loaded.</exception>
    /// <exception cref="NotSupportedException">The parameters override metadata: an adapter is trained for the model as its file has it.</exception>
    /// <exception cref="NativeException">The llama.cpp of this process is not a build that LoraBridge supports.</exception>
    public static LoraFinetuning OpenForFinetuning(this IModelParams parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.MetadataOverrides.Count > 0)
        {
            throw new NotSupportedException(
                $"The parameters override {parameters.MetadataOverrides.Count} metadata values, the first '{parameters.MetadataOverrides[0].Key}'; an adapter is trained for the model as its file has it.");
        }
        return LoraFinetuning.Owning(new LM(parameters.ModelPath, new DeviceConfiguration { Backend = ComputeBackend.Cpu }));
    }

    /// <summary>Opens the model that LLamaSharp has loaded, for fine-tuning. LLamaSharp does not keep the path; its parameters have it.</summary>
    /// <param name="weights">The loaded model; it stays as it is.</param>
    /// <param name="parameters">The parameters it was loaded with.</param>
    /// <returns>The fine-tuning, which owns a model of its own: disposing it frees both.</returns>
    /// <exception cref="ArgumentException">The file is another model than the one that is loaded.</exception>
    /// <inheritdoc cref="OpenForFinetuning(IModelParams)" path="/exception"/>
    public static LoraFinetuning OpenForFinetuning(this LLamaWeights weights, IModelParams parameters)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var finetuning = OpenForFinetuning(parameters);
        var (model, loaded) = (finetuning.Model, (long)weights.ParameterCount);
        var architecture = weights.Metadata.GetValueOrDefault("general.architecture");
        if (model.ParameterCount == loaded && model.EmbeddingSize == weights.EmbeddingSize && model.Architecture == architecture)
            return finetuning;
        finetuning.Dispose();
        throw new ArgumentException(
            $"{parameters.ModelPath} is a model of {model.ParameterCount} parameters of the architecture '{model.Architecture}', and the loaded one has {loaded} of '{architecture}': the parameters are not those it was loaded with.",
            nameof(parameters));
    }
}
