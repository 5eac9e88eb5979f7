namespace LoraBridge.Native;

/// <summary>Metadata keys with sampling defaults (<c>llama_model_meta_key</c>).</summary>
internal enum LlamaModelMetaKey
{
    SamplingSequence = 0,
    SamplingTopK = 1,
    SamplingTopP = 2,
    SamplingMinP = 3,
    SamplingXtcProbability = 4,
    SamplingXtcThreshold = 5,
    SamplingTemp = 6,
    SamplingPenaltyLastN = 7,
    SamplingPenaltyRepeat = 8,
    SamplingMirostat = 9,
    SamplingMirostatTau = 10,
    SamplingMirostatEta = 11,
}
