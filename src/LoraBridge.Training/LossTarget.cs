namespace LoraBridge.Training;

/// <summary>A prediction that counts: the logits of one token of a row are compared with the token that follows.</summary>
/// <param name="Row">Which token of the row makes the prediction.</param>
/// <param name="Target">The token id that follows it.</param>
/// <param name="Weight">Factor of its cross entropy in the loss.</param>
internal readonly record struct LossTarget(int Row, int Target, float Weight);
